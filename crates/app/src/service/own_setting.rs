//! Settings of the own number, by the plan that feature codes follow (R226, R251, R261, R263).

use std::sync::Arc;

use base::Dn;
use model::own_setting::{Declined, OwnSetting, plan};
use model::{ForwardKind, Snapshot};

use crate::service::dn_settings::forward_field;
use crate::service::problem::{self, Problem};
use crate::service::write::{Act, Plan, Refusal, change};

/// Puts a setting in force for a number of the tenant.
pub async fn set(act: Act<'_>, dn: Dn, wanted: &OwnSetting) -> Result<Arc<Snapshot>, Refusal> {
    let tenant = act.scope.tenant();
    let work = |snapshot: &Snapshot| {
        if snapshot.dn_owner(tenant, dn).is_none() {
            return Err(Refusal::NotFound);
        }
        let changes = plan(snapshot, (tenant, dn), wanted)
            .map_err(|declined| Refusal::Broken(vec![declined_problem(declined, wanted)]))?;
        Ok((Plan { changes, problems: Vec::new(), detail: dn.text() }, ()))
    };
    change(act, "own-setting", problem::field, work).await.map(|(snapshot, ())| snapshot)
}

fn declined_problem(declined: Declined, wanted: &OwnSetting) -> Problem {
    let (field, value) = match wanted {
        OwnSetting::ForwardTo(kind, to) => (field(*kind), to.to_string()),
        OwnSetting::ForwardToVoicemail(kind) => (field(*kind), "voicemail".to_owned()),
        OwnSetting::ForwardOff(kind) => (field(*kind), String::new()),
        OwnSetting::Voicemail(on) => ("voicemail", on.to_string()),
        OwnSetting::DoNotDisturb(on) => ("do_not_disturb", on.to_string()),
        OwnSetting::Hours(_) => ("night", String::new()),
    };
    let (code, message) = match declined {
        Declined::Unused => (238, "api-code-238"),
        Declined::Outside => (253, "api-code-253"),
        Declined::OwnNumber => (244, "api-forward-to-itself"),
        Declined::Loop => (244, "api-forward-loop"),
        Declined::Unfit => (244, "api-forward-unfit"),
        Declined::NoLast => (211, "api-forward-no-last"),
        Declined::NotAllowed | Declined::WrongPin | Declined::Locked | Declined::Full => {
            (262, "api-own-not-allowed")
        }
    };
    Problem::new(code, field, &value).saying(message)
}

fn field(kind: ForwardKind) -> &'static str {
    forward_field(kind)
}
