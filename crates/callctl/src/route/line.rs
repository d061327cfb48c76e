//! Which line a call leaves by (R302, R303).
//!
//! | Chosen by | Line |
//! |---|---|
//! | a line's own prefix, or the line-select code and a 識別番号 | that one |
//! | another gateway prefix than `0` | the initial line where that gateway carries it, else the first of its lines that the person may call out on |
//! | prefix `0`, or no prefix | ユーザ固有初期回線, else 共通初期回線; with prefix `0` and neither of them, as above |
//!
//! Who pays decides: the last one that forwarded or transferred, else the caller. A number that is
//! no person's has the common line and is bound by no list. What a person may not use is refused,
//! never exchanged for another line; only full channels lead to the 予備回線. A gateway without
//! lines is used as it is.

use base::id::{GatewayId, LineId, TenantId};
use base::{Cause, Dn};
use model::outside::OutsideNumber;
use model::{Gateway, Line, Snapshot, User};

use super::outside::Exit;
use super::{Journey, Walk};
use crate::explain::Mark;

/// What was dialled before a number outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The prefix of a gateway.
    Gateway(GatewayId),
    /// A line.
    Line(LineId),
    /// Nothing.
    Plain,
}

/// Why it is this line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// It was dialled.
    Dialled,
    /// ユーザ固有初期回線.
    Own,
    /// 共通初期回線.
    Common,
    /// The gateway was dialled, and carries it.
    Gateway,
    /// 予備回線 of the one that was chosen.
    Reserve,
}

/// The line that a call leaves by, and in whose name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaving {
    pub line: LineId,
    pub payer: Option<Dn>,
}

/// The line for a call of `payer`, and why; `None` where there is none.
pub(crate) fn choose<'s>(
    snapshot: &'s Snapshot,
    tenant: TenantId,
    payer: Option<&User>,
    way: Way,
) -> Option<(&'s Line, Chosen)> {
    let gateway = match way {
        Way::Line(id) => return snapshot.line(id).map(|l| (l, Chosen::Dialled)),
        Way::Plain => None,
        Way::Gateway(id) => Some(snapshot.gateway(id)?),
    };
    let carried = |l: &Line| gateway.is_none_or(|g| &*g.prefix == "0" || l.gateway == g.id);
    let own = payer.and_then(|user| snapshot.initial_line(user.id)).map(|l| (l, Chosen::Own));
    let initial = own.or_else(|| snapshot.common_line(tenant).map(|l| (l, Chosen::Common)));
    if let Some(found) = initial.filter(|(line, _)| carried(line)) {
        return Some(found);
    }
    first_of(snapshot, gateway?, payer).map(|l| (l, Chosen::Gateway))
}

/// The first line of a gateway that may be used; the first of all when none may.
fn first_of<'s>(
    snapshot: &'s Snapshot,
    gateway: &Gateway,
    payer: Option<&User>,
) -> Option<&'s Line> {
    let mut lines = snapshot.lines_of(gateway);
    let first = lines.next()?;
    let mut all = std::iter::once(first).chain(lines);
    Some(all.find(|l| may_call(snapshot, payer, l)).unwrap_or(first))
}

/// Whether the line is among the person's 発信回線.
pub(crate) fn may_call(snapshot: &Snapshot, payer: Option<&User>, line: &Line) -> bool {
    payer.is_none_or(|user| snapshot.lines_out(user.id).contains(&line.id))
}

impl Journey {
    /// The line that the call leaves by; `None` when a gateway takes it that has none.
    pub(crate) fn leaving(&self) -> Option<Leaving> {
        self.leaving
    }

    /// The gateway by which the call leaves the company, or why it does not.
    pub(super) fn exit(
        &mut self,
        walk: &mut Walk<'_>,
        way: Way,
        number: OutsideNumber,
    ) -> Result<Exit, Cause> {
        let snapshot = walk.facts.snapshot();
        let payer = self.who_pays();
        let user = payer.and_then(|dn| snapshot.user_by_dn(self.tenant, dn));
        self.leaving = None;
        let Some((line, why)) = choose(snapshot, self.tenant, user, way) else {
            if let Way::Gateway(gateway) = way {
                return self.leave(walk, gateway, number);
            }
            walk.note(Mark::NoLine);
            return Err(Cause::UnallocatedNumber);
        };
        walk.note(Mark::Line { code: line.code, why });
        if !may_call(snapshot, user, line) {
            walk.note(Mark::LineDenied(line.code));
            self.called = None;
            self.outside = Some(number);
            return Err(Cause::LineNotPermitted);
        }
        let line = self.with_room(walk, line);
        self.leaving = Some(Leaving { line: line.id, payer });
        self.leave(walk, line.gateway, number)
    }

    /// The line, or its reserve when all its channels are in use.
    fn with_room<'s>(&self, walk: &mut Walk<'s>, line: &'s Line) -> &'s Line {
        let facts = walk.facts;
        let snapshot = facts.snapshot();
        let Some(gateway) = snapshot.gateway(line.gateway) else { return line };
        let Some(reserve) = line.reserve.and_then(|id| snapshot.line(id)) else { return line };
        let registered = gateway.account.is_some_and(|account| facts.contacts(account) > 0);
        if !registered || facts.channels(gateway.id) < u32::from(gateway.channels) {
            return line;
        }
        walk.note(Mark::ChannelsFull(gateway.channels));
        walk.note(Mark::Line { code: reserve.code, why: Chosen::Reserve });
        reserve
    }
}
