//! Who may open which box (R262.5).
//!
//! | Box | From | PIN |
//! |---|---|---|
//! | of the own number | own device | none, or the own one by the site's switch |
//! | of a group | own device of a member | as above |
//! | of another user | any device of the company | that user's |
//! | of a virtual number, of a group | any device of the company | the box's own |
//! | any other | | refused |
//! | whose number is typed | anywhere, at the number that the site has for it | the same |
//!
//! A PIN is judged outside of call control ([`Action::CheckPin`]), which also counts wrong ones. At
//! a number for all boxes a number that nobody has is judged as well, and refused like a wrong PIN:
//! nobody learns which of the two it was (R234).

use base::id::VirtualDnId;
use base::{Cause, Dn, Micros, Secret, Uuid};
use mediactl::{PlayerId, PromptId, ToneKind, Words};
use model::own_setting::Declined;
use model::record::Service;
use model::{BoxOwner, CredentialOwner, DnOwner};

use crate::action::Action;
use crate::call::{Call, Purpose};
use crate::cx::Cx;
use crate::voice::{Does, Stage};

/// Wrong PINs in one call.
const TRIES: u8 = 3;

/// Longest PIN.
const DIGITS_MAX: usize = 10;

/// For a PIN to be typed, its question included.
const TYPE_WAIT: Micros = Micros::seconds(30);

/// For a PIN to be judged.
const JUDGE_WAIT: Micros = Micros::seconds(5);

/// A PIN is awaited, or judged.
#[derive(Debug, Default)]
pub(crate) struct Entering {
    /// Whose box, and whose PIN opens it; `None` while the number is typed.
    pub(super) of: Option<(Dn, CredentialOwner)>,
    /// The number for all boxes that was called.
    at: Option<Dn>,
    typed: String,
    wrong: u8,
    is_judged: bool,
}

impl Call {
    /// The voicemail code was dialled, with the number of a box or without.
    pub(crate) fn mailbox_code(&mut self, cx: &mut Cx<'_>, rest: &str) -> Result<(), Cause> {
        self.draft.services.insert(Service::FeatureCode);
        let own = self.first.and_then(|id| self.leg(id)).and_then(|l| l.who.dn);
        let of = match rest.is_empty() {
            true => own.ok_or(Cause::FeatureNotPermitted)?,
            false => Dn::parse(rest).map_err(|_| Cause::UnallocatedNumber)?,
        };
        self.enter_box(cx, of)
    }

    /// Opens the box of a number to the caller, or asks for the PIN.
    pub(crate) fn enter_box(&mut self, cx: &mut Cx<'_>, of: Dn) -> Result<(), Cause> {
        let first = self.first.ok_or(Cause::FeatureNotPermitted)?;
        let leg = self.leg(first).ok_or(Cause::FeatureNotPermitted)?;
        let (site, own) = (leg.site, leg.who.user);
        let is_basic = self.dialing.as_ref().is_some_and(|d| d.purpose == Purpose::Basic);
        if !is_basic || !self.can_answer_ourselves(first) {
            return Err(Cause::FeatureNotPermitted);
        }
        let snapshot = cx.view.snapshot();
        let site = site.and_then(|id| snapshot.site(id));
        let own_user = own.and_then(|id| snapshot.user(id));
        let own_dn = own_user.map(|u| u.dn);
        let is_own = match snapshot.dn_owner(self.tenant, of) {
            None => return Err(Cause::UnallocatedNumber),
            Some(DnOwner::User(id)) => own == Some(id),
            Some(DnOwner::Hunt(number)) => {
                let group = snapshot.hunt_group(self.tenant, number);
                let is_in = |dn| group.is_some_and(|g| g.members.contains(&dn));
                own_dn.is_some_and(is_in)
            }
            Some(DnOwner::Department(id)) => {
                let department = snapshot.department(id);
                let is_in = |id| department.is_some_and(|d| d.members.contains(&id));
                own.is_some_and(is_in)
            }
            Some(DnOwner::Virtual(_)) => false,
            Some(DnOwner::ParkSlot(_)) => return Err(Cause::FeatureNotPermitted),
        };
        // A member opens the box of the group by the own PIN.
        let owner = match own.filter(|_| is_own) {
            Some(id) => CredentialOwner::Pin(id),
            None => self.pin_of(cx, of),
        };
        let is_free = is_own && site.is_some_and(|s| s.voicemail_without_pin);
        self.dialing = None;
        if is_free {
            self.open_box(cx, of);
            return Ok(());
        }
        let entering = Entering { of: Some((of, owner)), ..Entering::default() };
        let said = self.words_of_box(cx, of).say(PromptId::EnterPin);
        let does = Does::Plays(PlayerId::Words(said));
        self.talk(cx, Stage::Entering(Box::new(entering)), does, TYPE_WAIT);
        self.open_voice(cx);
        Ok(())
    }

    /// A number for all boxes was called: whose is asked for.
    pub(crate) fn ask_for_box(&mut self, cx: &mut Cx<'_>, at: Dn) -> Result<(), Cause> {
        let is_basic = self.dialing.as_ref().is_some_and(|d| d.purpose == Purpose::Basic);
        let can_hear = self.first.is_some_and(|first| self.can_answer_ourselves(first));
        if !is_basic || !can_hear {
            return Err(Cause::FeatureNotPermitted);
        }
        self.draft.services.insert(Service::Voicemail);
        self.dialing = None;
        let entering = Entering { at: Some(at), ..Entering::default() };
        let said = self.words_of_box(cx, at).say(PromptId::EnterExtension);
        let does = Does::Plays(PlayerId::Words(said));
        self.talk(cx, Stage::Entering(Box::new(entering)), does, TYPE_WAIT);
        self.open_voice(cx);
        Ok(())
    }

    /// Whose PIN opens the box of a number. For one that has no box it is somebody's who does not
    /// exist, each such number having one of its own.
    fn pin_of(&self, cx: &Cx<'_>, of: Dn) -> CredentialOwner {
        match cx.view.snapshot().dn_owner(self.tenant, of) {
            Some(DnOwner::User(id)) => CredentialOwner::Pin(id),
            Some(DnOwner::Virtual(id)) => CredentialOwner::BoxPin(BoxOwner::Virtual(id)),
            Some(DnOwner::Department(id)) => CredentialOwner::BoxPin(BoxOwner::Department(id)),
            Some(DnOwner::Hunt(number)) => {
                CredentialOwner::BoxPin(BoxOwner::Hunt(self.tenant, number))
            }
            Some(DnOwner::ParkSlot(_)) | None => {
                let digits = of.text();
                let nobody = digits.bytes().fold(0, |id, b| (id << 8) | u128::from(b));
                CredentialOwner::BoxPin(BoxOwner::Virtual(VirtualDnId(Uuid(nobody))))
            }
        }
    }

    fn entering(&mut self) -> Option<&mut Entering> {
        match &mut self.voice.as_mut()?.stage {
            Stage::Entering(entering) => Some(entering),
            _ => None,
        }
    }

    pub(crate) fn entering_key(&mut self, cx: &mut Cx<'_>, key: char) {
        let (call, tenant) = (self.id, self.tenant);
        let Some(entering) = self.entering().filter(|e| !e.is_judged) else { return };
        let longest = if entering.of.is_some() { DIGITS_MAX } else { Dn::DIGITS_MAX };
        match (key, entering.of) {
            ('0'..='9', _) if entering.typed.len() < longest => {
                entering.typed.push(key);
                self.do_next(cx, Does::Nothing, TYPE_WAIT);
            }
            ('*', _) => entering.typed.clear(),
            ('#', Some((_, owner))) => {
                entering.is_judged = true;
                let pin = Secret::new(std::mem::take(&mut entering.typed));
                cx.out.push(Action::CheckPin { call, tenant, owner, pin: Box::new(pin) });
                self.do_next(cx, Does::Nothing, JUDGE_WAIT);
            }
            ('#', None) => self.box_named(cx),
            _ => {}
        }
    }

    /// The number of a box is complete: the PIN is asked for, whether there is such a box or not.
    fn box_named(&mut self, cx: &mut Cx<'_>) {
        let typed = self.entering().map(|e| std::mem::take(&mut e.typed)).unwrap_or_default();
        let Ok(of) = Dn::parse(&typed) else { return };
        let owner = self.pin_of(cx, of);
        let Some(entering) = self.entering() else { return };
        entering.of = Some((of, owner));
        let said = self.entering_words(cx).say(PromptId::EnterPin);
        self.do_next(cx, Does::Plays(PlayerId::Words(said)), TYPE_WAIT);
    }

    /// Nothing yet, by the number that was called.
    fn entering_words(&mut self, cx: &Cx<'_>) -> Words {
        match self.entering().map(|e| (e.at, e.of)) {
            Some((Some(dn), _) | (None, Some((dn, _)))) => self.words_of_box(cx, dn),
            _ => self.words(cx),
        }
    }

    /// The PIN was judged: true when one was awaited.
    pub(crate) fn pin_told(&mut self, cx: &mut Cx<'_>, result: Result<(), Declined>) -> bool {
        let Some(entering) = self.entering().filter(|e| e.is_judged) else { return false };
        if let Some((of, _)) = entering.of.filter(|_| result.is_ok()) {
            self.open_box(cx, of);
            return true;
        }
        entering.is_judged = false;
        entering.wrong += 1;
        let again = entering.wrong < TRIES;
        let (wrong, next) = match entering.at {
            None => (PromptId::WrongPin, PromptId::EnterPin),
            Some(_) => {
                entering.of = None;
                (PromptId::LoginWrong, PromptId::EnterExtension)
            }
        };
        let said = self.entering_words(cx).tone(ToneKind::Error).say(wrong);
        match again {
            true => {
                let said = said.say(next);
                self.do_next(cx, Does::Plays(PlayerId::Words(said)), TYPE_WAIT);
            }
            false => self.say_last(cx, said, Cause::FeatureNotPermitted),
        }
        true
    }

    /// Its question has been asked, or nothing came in time.
    pub(crate) fn entering_over(&mut self, cx: &mut Cx<'_>, is_late: bool) {
        let is_judged = self.entering().is_some_and(|e| e.is_judged);
        if is_late || is_judged {
            let said = self.words(cx).tone(ToneKind::Error);
            return self.say_last(cx, said, Cause::FeatureNotPermitted);
        }
        self.do_next(cx, Does::Nothing, TYPE_WAIT);
    }
}
