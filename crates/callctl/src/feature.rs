//! Feature codes that set, clear and tell what belongs to the own number (R226, R251, R263).
//!
//! | Dialled | Effect |
//! |---|---|
//! | a code that sets, with digits | forward of that kind to the number |
//! | the same without digits | to the last destination of that kind |
//! | a code that clears | out of force |
//! | the query code | what is in force is said |
//! | a code of night, day or automatic | 夜間切替 of the own site (R300) |
//!
//! The setting is made outside of call control ([`Action::Wish`]); the caller is answered with a
//! confirmation, or with a refusal and its reason.

use base::Cause;
use mediactl::{PromptId, ToneKind, Words};
use model::own_setting::{Declined, OwnSetting};
use model::record::Service;
use model::{CodeKind, Destination, DnSettings, ForwardKind, NightSwitch};

use crate::action::Action;
use crate::call::Call;
use crate::cx::Cx;

/// What a code asks to set; `None` for codes of another use.
fn wanted(kind: CodeKind, rest: &str) -> Option<OwnSetting> {
    use ForwardKind as F;
    Some(match kind {
        CodeKind::ForwardAllSet => OwnSetting::ForwardTo(F::All, rest.into()),
        CodeKind::ForwardAllClear => OwnSetting::ForwardOff(F::All),
        CodeKind::ForwardBusySet => OwnSetting::ForwardTo(F::Busy, rest.into()),
        CodeKind::ForwardBusyClear => OwnSetting::ForwardOff(F::Busy),
        CodeKind::ForwardNoAnswerSet => OwnSetting::ForwardTo(F::NoAnswer, rest.into()),
        CodeKind::ForwardNoAnswerClear => OwnSetting::ForwardOff(F::NoAnswer),
        CodeKind::ForwardUnregisteredSet => OwnSetting::ForwardTo(F::Unregistered, rest.into()),
        CodeKind::ForwardUnregisteredClear => OwnSetting::ForwardOff(F::Unregistered),
        CodeKind::VoicemailSet => OwnSetting::Voicemail(true),
        CodeKind::VoicemailClear => OwnSetting::Voicemail(false),
        CodeKind::DoNotDisturbSet => OwnSetting::DoNotDisturb(true),
        CodeKind::DoNotDisturbClear => OwnSetting::DoNotDisturb(false),
        CodeKind::Night => OwnSetting::Hours(NightSwitch::Night),
        CodeKind::Day => OwnSetting::Hours(NightSwitch::Day),
        CodeKind::AutomaticHours => OwnSetting::Hours(NightSwitch::Automatic),
        _ => return None,
    })
}

impl Call {
    /// A feature code was dialled: the cause when it is none that the exchange can serve.
    pub(crate) fn feature(
        &mut self,
        cx: &mut Cx<'_>,
        kind: CodeKind,
        rest: &str,
    ) -> Result<(), Cause> {
        self.draft.services.insert(Service::FeatureCode);
        let leg = self.first.and_then(|id| self.leg(id));
        let (Some(dn), Some(device)) = (leg.and_then(|l| l.who.dn), leg.map(|l| l.device)) else {
            return Err(Cause::FeatureNotPermitted);
        };
        if kind == CodeKind::ForwardQuery {
            let settings = cx.view.snapshot().dn_settings(self.tenant, dn);
            let words = told_settings(self.words(cx), settings);
            self.say_last(cx, words, Cause::AnnouncementEnded);
            return Ok(());
        }
        let wanted = wanted(kind, rest).ok_or(Cause::OptionNotContracted)?;
        let (call, setting) = (self.id, Box::new(wanted.clone()));
        cx.out.push(Action::Wish { call, device, dn, wanted: setting });
        self.await_wish(cx, wanted);
        Ok(())
    }

    /// The wish was carried out, or refused.
    pub(crate) fn wish_told(&mut self, cx: &mut Cx<'_>, result: Result<(), Declined>) {
        if self.pin_told(cx, result) || self.login_told(cx, result) {
            return;
        }
        let Some(wanted) = self.wish() else { return };
        let words = match result {
            Ok(()) => confirmed(self.words(cx), wanted),
            Err(why) => refused(self.words(cx), why),
        };
        let cause = match result {
            Ok(()) => Cause::AnnouncementEnded,
            Err(Declined::Unused | Declined::Unfit) => Cause::UnallocatedNumber,
            Err(Declined::Outside) => Cause::ExternalForwardDenied,
            Err(Declined::OwnNumber | Declined::Loop) => Cause::ForwardLoop,
            Err(
                Declined::NoLast
                | Declined::NotAllowed
                | Declined::WrongPin
                | Declined::Locked
                | Declined::Full,
            ) => Cause::FeatureNotPermitted,
        };
        self.say_last(cx, words, cause);
    }
}

fn named(kind: ForwardKind) -> PromptId {
    match kind {
        ForwardKind::All => PromptId::ForwardAll,
        ForwardKind::Busy => PromptId::ForwardBusy,
        ForwardKind::NoAnswer => PromptId::ForwardNoAnswer,
        ForwardKind::Unregistered => PromptId::ForwardUnregistered,
    }
}

/// The confirmation tone and what is in force now, with the number that was dialled.
fn confirmed(words: Words, wanted: &OwnSetting) -> Words {
    let words = words.tone(ToneKind::Confirmation);
    let state = |on| if on { PromptId::HasBeenSet } else { PromptId::HasBeenCleared };
    match wanted {
        OwnSetting::ForwardTo(kind, digits) => {
            let words = words.say(named(*kind)).say(state(true));
            match digits.is_empty() {
                true => words,
                false => {
                    words.say(PromptId::DestinationIs).digits(digits).say(PromptId::SentenceEnd)
                }
            }
        }
        OwnSetting::ForwardToVoicemail(kind) => words.say(named(*kind)).say(state(true)),
        OwnSetting::ForwardOff(kind) => words.say(named(*kind)).say(state(false)),
        OwnSetting::Voicemail(on) => words.say(PromptId::Voicemail).say(state(*on)),
        OwnSetting::DoNotDisturb(on) => words.say(PromptId::DoNotDisturb).say(state(*on)),
        OwnSetting::Hours(NightSwitch::Night) => words.say(PromptId::NightSet),
        OwnSetting::Hours(NightSwitch::Day) => words.say(PromptId::DaySet),
        OwnSetting::Hours(NightSwitch::Automatic) => words.say(PromptId::AutomaticHours),
    }
}

fn refused(words: Words, why: Declined) -> Words {
    let words = words.tone(ToneKind::Error).say(PromptId::CannotSet);
    match why {
        Declined::Unused | Declined::Unfit | Declined::NoLast => words.say(PromptId::ReasonUnused),
        Declined::Outside => words.say(PromptId::ReasonOutside),
        Declined::OwnNumber | Declined::Loop => words.say(PromptId::ReasonOwnNumber),
        Declined::NotAllowed | Declined::WrongPin | Declined::Locked | Declined::Full => {
            words.say(PromptId::ReasonNoRights)
        }
    }
}

/// Each kind that is in force; of the destinations only as many as fit.
fn told_settings(words: Words, settings: Option<&DnSettings>) -> Words {
    let mut said = words;
    let mut any = false;
    for kind in ForwardKind::ALL {
        let Some(to) = settings.and_then(|s| s.forward(kind).to.as_ref()) else { continue };
        any = true;
        said = said.say(named(kind)).say(PromptId::IsSet);
        if let Destination::Dn(dn) = to {
            said = said.digits(&dn.text());
        }
    }
    if settings.is_some_and(|s| s.voicemail) {
        any = true;
        said = said.say(PromptId::Voicemail).say(PromptId::IsSet);
    }
    if any { said } else { said.say(PromptId::NothingSet) }
}
