//! Who may open which box (R262.5).
//!
//! | Box | From | PIN |
//! |---|---|---|
//! | of the own number | own device | none, or the own one by the site's switch |
//! | of a group | own device of a member | as above |
//! | of another user | any device of the company | that user's |
//! | of a virtual number, of a group | any device of the company | the box's own |
//! | any other | | refused |
//!
//! A PIN is judged outside of call control ([`Action::CheckPin`]), which also counts wrong ones.

use base::{Cause, Dn, Micros, Secret};
use mediactl::{PlayerId, PromptId, ToneKind};
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
#[derive(Debug)]
pub(crate) struct Entering {
    of: Dn,
    owner: CredentialOwner,
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
        let member = |is: bool, owner| match own.filter(|_| is) {
            Some(id) => (true, CredentialOwner::Pin(id)),
            None => (false, CredentialOwner::BoxPin(owner)),
        };
        let (is_own, owner) = match snapshot.dn_owner(self.tenant, of) {
            None => return Err(Cause::UnallocatedNumber),
            Some(DnOwner::User(id)) => (own == Some(id), CredentialOwner::Pin(id)),
            Some(DnOwner::Hunt(number)) => {
                let group = snapshot.hunt_group(self.tenant, number);
                let is_in = |dn| group.is_some_and(|g| g.members.contains(&dn));
                member(own_dn.is_some_and(is_in), BoxOwner::Hunt(self.tenant, number))
            }
            Some(DnOwner::Department(id)) => {
                let department = snapshot.department(id);
                let is_in = |id| department.is_some_and(|d| d.members.contains(&id));
                member(own.is_some_and(is_in), BoxOwner::Department(id))
            }
            Some(DnOwner::Virtual(id)) => member(false, BoxOwner::Virtual(id)),
            Some(DnOwner::ParkSlot(_)) => return Err(Cause::FeatureNotPermitted),
        };
        let is_free = is_own && site.is_some_and(|s| s.voicemail_without_pin);
        self.dialing = None;
        if is_free {
            self.open_box(cx, of);
            return Ok(());
        }
        let entering = Entering { of, owner, typed: String::new(), wrong: 0, is_judged: false };
        let said = self.words_of_box(cx, of).say(PromptId::EnterPin);
        let does = Does::Plays(PlayerId::Words(said));
        self.talk(cx, Stage::Entering(Box::new(entering)), does, TYPE_WAIT);
        self.open_voice(cx);
        Ok(())
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
        match key {
            '0'..='9' if entering.typed.len() < DIGITS_MAX => {
                entering.typed.push(key);
                self.do_next(cx, Does::Nothing, TYPE_WAIT);
            }
            '*' => entering.typed.clear(),
            '#' => {
                entering.is_judged = true;
                let pin = Secret::new(std::mem::take(&mut entering.typed));
                let owner = entering.owner;
                cx.out.push(Action::CheckPin { call, tenant, owner, pin: Box::new(pin) });
                self.do_next(cx, Does::Nothing, JUDGE_WAIT);
            }
            _ => {}
        }
    }

    /// The PIN was judged: true when one was awaited.
    pub(crate) fn pin_told(&mut self, cx: &mut Cx<'_>, result: Result<(), Declined>) -> bool {
        let Some(entering) = self.entering().filter(|e| e.is_judged) else { return false };
        let of = entering.of;
        if result.is_ok() {
            self.open_box(cx, of);
            return true;
        }
        entering.is_judged = false;
        entering.wrong += 1;
        let again = entering.wrong < TRIES;
        let said = self.words_of_box(cx, of).tone(ToneKind::Error).say(PromptId::WrongPin);
        match again {
            true => {
                let said = said.say(PromptId::EnterPin);
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
