//! Digits in a call: codes are looked for (R089), the rest passes to whom wants push tones.
//!
//! | Other party | Digits that are no code |
//! |---|---|
//! | extension | taken out (R088) |
//! | … whose device accepts tones, such as a door phone | passed |
//! | outside, 消去しない at the site, or the code for this call was pressed | passed (R086, R087) |
//! | outside, 消去する | taken out, in-band tones too |
//!
//! Where codes may be pressed, digits for a device that accepts tones are taken out as well and
//! sent on when it is clear that they are no code. A call whose phones may press codes goes through
//! us from its beginning. One that was direct before the codes were switched on is heard by
//! signalling only; the hold code brings it to us, other digits are counted and dropped.

use base::event::Kind;
use base::{LegId, Micros};
use mediactl::{Command, Digit, DigitPhase, DigitSource, DtmfToPeer};
use model::{CodeKind, Snapshot};

use crate::call::Call;
use crate::collect::{CallCodes, Collector, Heard, Way as By};
use crate::cx::Cx;
use crate::mail::Source;
use crate::media::path::Way;

/// Length of a digit whose length was not told.
const DIGIT_MS: u64 = 160;

impl Call {
    /// A phone pressed a digit and told it by signalling.
    pub(crate) fn digit(&mut self, cx: &mut Cx<'_>, id: LegId, digit: u8, duration: Micros) {
        if self.is_voiced(id) {
            return self.pressed(cx, char::from(digit), Source::Signalling);
        }
        let page = self.page.is_some();
        let Some(digit) = Digit::from_char(char::from(digit)).filter(|_| !page) else {
            return cx.count(Kind::DigitIgnored);
        };
        let Some(codes) = self.listens(cx.view.snapshot(), id) else {
            let told = duration.as_millis();
            return self.pass_digit(cx, id, digit, if told == 0 { DIGIT_MS } else { told });
        };
        let heard = self.began(cx, id, (digit, By::Signalling), &codes);
        self.digit_ended(cx, id, digit);
        for heard in heard {
            self.heard(cx, id, heard);
        }
    }

    /// The media plane heard a digit.
    pub(crate) fn tone(
        &mut self,
        cx: &mut Cx<'_>,
        id: LegId,
        (digit, source): (Digit, DigitSource),
        phase: DigitPhase,
    ) {
        match phase {
            DigitPhase::Begin if self.is_voiced(id) => {
                self.pressed(cx, digit.as_char(), Source::Media);
            }
            DigitPhase::Begin if self.page.is_some() => {}
            DigitPhase::Begin => {
                // Where nothing is listened for, the plane itself passes it or takes it out.
                let Some(codes) = self.listens(cx.view.snapshot(), id) else { return };
                let heard = self.began(cx, id, (digit, By::Media), &codes);
                if let Some(collector) = self.leg_mut(id).and_then(|l| l.collector.as_mut()) {
                    collector.in_band = source == DigitSource::InBand;
                }
                for heard in heard {
                    self.heard(cx, id, heard);
                }
            }
            DigitPhase::End { .. } => self.digit_ended(cx, id, digit),
        }
    }

    fn began(
        &mut self,
        cx: &Cx<'_>,
        id: LegId,
        (digit, by): (Digit, By),
        codes: &CallCodes,
    ) -> smallvec::SmallVec<[Heard; 2]> {
        let Some(leg) = self.leg_mut(id) else { return Default::default() };
        let collector = leg.collector.get_or_insert_default();
        let heard = collector.began(cx.now.mono, (digit.as_char() as u8, by), codes);
        if collector.has_begun() {
            self.consult_digit(id);
        }
        heard
    }

    fn collector(&self, id: LegId) -> Option<&Collector> {
        self.leg(id)?.collector.as_deref()
    }

    fn digit_ended(&mut self, cx: &Cx<'_>, id: LegId, digit: Digit) {
        let times = self.times(cx);
        if let Some(collector) = self.leg_mut(id).and_then(|l| l.collector.as_mut()) {
            collector.ended(cx.now.mono, digit.as_char() as u8, times);
        }
    }

    /// Pauses that are over.
    pub(crate) fn pauses_over(&mut self, cx: &mut Cx<'_>) {
        let ids: smallvec::SmallVec<[LegId; 4]> = self.legs.iter().map(|l| l.id).collect();
        for id in ids {
            let collector = self.leg_mut(id).and_then(|l| l.collector.as_mut());
            if let Some(heard) = collector.and_then(|c| c.tick(cx.now.mono)) {
                self.heard(cx, id, heard);
            }
        }
    }

    fn heard(&mut self, cx: &mut Cx<'_>, id: LegId, heard: Heard) {
        match heard {
            // The other party hears the tones themselves.
            Heard::Pass(digits) if self.collector(id).is_some_and(|c| c.in_band) => {
                self.box_keys(id, &digits);
            }
            Heard::Pass(digits) => {
                self.box_keys(id, &digits);
                let digits = digits.into_iter().filter_map(|d| Digit::from_char(char::from(d)));
                digits.for_each(|digit| self.pass_digit(cx, id, digit, DIGIT_MS));
            }
            Heard::Code(CodeKind::Hold) => self.hold_pressed(cx, id),
            Heard::Code(CodeKind::Park) => self.park_pressed(cx, id),
            Heard::Code(CodeKind::PushToneSend) => self.send_tones(cx, id),
            Heard::Code(_) => {}
            Heard::Dial(number) => self.consult_dial(cx, id, &number),
            Heard::GiveUp => self.consult_given_up(cx, id),
        }
    }

    /// The codes that the leg may press now; `None` when there are none. A party on hold may
    /// press none (R284), nor may one outside (R240).
    fn listens(&self, snapshot: &Snapshot, id: LegId) -> Option<CallCodes> {
        let leg = self.leg(id).filter(|l| l.is_answered() && !l.holding && !l.is_outside())?;
        // An authority is not held, parked or transferred (J36).
        if self.announce.is_some() || self.is_emergency() {
            return None;
        }
        let codes = CallCodes::of_site(snapshot, leg.site);
        if self.consult.as_ref().is_some_and(|c| c.holder == id) {
            return Some(codes);
        }
        let peer = self.partner(id).and_then(|p| self.leg(p))?;
        let held = peer.holding || self.consult.as_ref().is_some_and(|c| c.holds_now(id));
        (!held && !codes.is_empty()).then_some(codes)
    }

    /// Sends a digit to the other party, if that wants it.
    fn pass_digit(&mut self, cx: &mut Cx<'_>, id: LegId, digit: Digit, ms: u64) {
        let talks = self.way == Way::Relay && self.linked && !self.is_put_aside(id);
        let peer = self.partner(id).filter(|_| talks).and_then(|p| self.leg(p));
        let held = self.leg(id).is_none_or(|l| l.holding) || peer.is_none_or(|p| p.holding);
        let snapshot = cx.view.snapshot();
        let wanting = peer.filter(|p| !held && self.passes_tones(snapshot, id, p));
        match wanting.and_then(|p| p.media.as_ref()).filter(|m| m.at.is_some()) {
            Some(media) => cx.media(Command::SendDigit {
                leg: media.id,
                digit,
                duration_ms: u16::try_from(ms.clamp(80, 1_000)).unwrap_or(1_000),
            }),
            None => cx.count(Kind::DigitIgnored),
        }
    }

    /// What becomes in the media plane of the digits that the leg presses.
    pub(crate) fn tones_of(&self, snapshot: &Snapshot, id: LegId) -> DtmfToPeer {
        let Some(leg) = self.leg(id) else { return DtmfToPeer::Drop };
        let peer = self.counterpart(id).and_then(|p| self.leg(p));
        if !peer.is_some_and(|p| self.passes_tones(snapshot, id, p)) {
            return DtmfToPeer::Drop;
        }
        // Nobody would send on what is taken out.
        let listens = leg.is_answered() && !leg.is_outside() && !self.is_emergency();
        match listens && !CallCodes::of_site(snapshot, leg.site).is_empty() {
            true => DtmfToPeer::Collect,
            false => DtmfToPeer::Pass,
        }
    }

    /// What waits is forgotten: hold and transfer (R282).
    pub(crate) fn forget_digits(&mut self, id: LegId) {
        if let Some(collector) = self.leg_mut(id).and_then(|l| l.collector.as_mut()) {
            collector.clear();
        }
    }
}
