//! Own words and tones of company and site.

use std::collections::BTreeSet;

use base::id::TenantId;

use super::{Case, Found, violation};
use crate::violation::{Field, code};
use crate::wording::Worded;

impl Case<'_> {
    /// Each place once per language, tones without language, sounds of the company alone.
    pub(super) fn wording(&self, at: usize, tenant: TenantId, set: &[Worded], found: &mut Found) {
        let mut seen = BTreeSet::new();
        for worded in set {
            let name = worded.phrase.name();
            if worded.phrase.is_tone() && worded.spoken.is_some() {
                found.push(violation(at, code::BAD_TEXT, Field::Wording, name));
            }
            if !seen.insert((worded.phrase, worded.spoken)) {
                found.push(violation(at, code::DUPLICATE, Field::Wording, name));
            }
            let Some(id) = worded.sound else { continue };
            if self.after.sound(id).is_none_or(|s| s.tenant != tenant) {
                found.push(violation(at, code::NOT_FOUND, Field::Wording, &id.to_string()));
            }
        }
    }
}
