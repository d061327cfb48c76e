//! The times that a company has chosen for its calls (section 8).

use base::Micros;
use model::CallTimes;

use crate::call::Call;
use crate::cx::Cx;

impl Call {
    /// Those of now: what runs keeps its time (R247).
    pub(crate) fn times(&self, cx: &Cx<'_>) -> CallTimes {
        cx.view.snapshot().tenant(self.tenant).map(|tenant| tenant.times).unwrap_or_default()
    }

    /// How long it may stay unanswered in all (R252).
    pub(crate) fn unanswered_max(&self, cx: &Cx<'_>) -> Micros {
        Micros::seconds(self.times(cx).unanswered_s.into())
    }
}
