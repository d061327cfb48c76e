//! The first call: 2009 calls 2001, and what came of it is judged.

use std::time::Duration;

use app::demo::Role;
use base::Micros;
use store::{Store, TenantScope};
use tokio::time::{Instant, timeout_at};

use super::bank::Bank;
use super::phone::News;
use super::talk::Count;
use super::tone::SEQUENCE;

/// All phones must have registered by then.
const REGISTER_WAIT: Duration = Duration::from_secs(10);
/// From dialling to the answer.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// From the answer to the end; the sequence and its echo take less than 5 s.
const TALK_WAIT: Duration = Duration::from_secs(15);
/// From the end to the record in the history.
const RECORD_WAIT: Duration = Duration::from_secs(5);

/// Packets lost of a hundred that a call may have; loopback loses none.
const LOST_PERCENT_MAX: u64 = 2;

/// The test phones of the demo.
const PHONES: usize = 4;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The slowest registration.
    pub(super) register: Option<Micros>,
    /// From dialling to 180.
    pub(super) ring: Option<Micros>,
    /// From dialling to 200.
    pub(super) answer: Option<Micros>,
    /// At 2009.
    pub(super) caller: Option<Count>,
    /// At 2001.
    pub(super) echo: Option<Count>,
    /// Why the call did not pass; `None` = it passed.
    pub(super) fault: Option<Fault>,
}

/// What failed, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A phone did not register: how many did, and the last refusal.
    Register { done: usize, status: Option<u16> },
    /// Neither answer nor refusal came.
    Answer,
    /// The call was refused.
    Refused { status: u16 },
    /// It was answered without having rung.
    Ring,
    /// The call ended early, or did not end at both phones.
    End,
    /// 2001 did not recognise what 2009 sent.
    ToEcho,
    /// 2009 did not recognise its echo.
    ToCaller,
    /// Too many packets were lost.
    Lost,
    /// The history has no record of it.
    Record,
}

/// Places the call and waits for its end and its record.
pub(super) async fn run(bank: &mut Bank, store: &Store, scope: &TenantScope) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.fault = place(bank, &mut outcome).await.err();
    if outcome.fault.is_none() && !is_recorded(store, scope).await {
        outcome.fault = Some(Fault::Record);
    }
    outcome
}

async fn place(bank: &mut Bank, outcome: &mut Outcome) -> Result<(), Fault> {
    outcome.register = Some(registered(bank).await?);
    bank.dial(super::ECHO).await;
    answered(bank, outcome).await?;
    ended(bank, outcome).await;
    let (Some(caller), Some(echo)) = (&outcome.caller, &outcome.echo) else {
        return Err(Fault::End);
    };
    if outcome.ring.is_none() {
        return Err(Fault::Ring);
    }
    judge(caller, echo)
}

/// Waits for all phones; the slowest.
async fn registered(bank: &mut Bank) -> Result<Micros, Fault> {
    let deadline = Instant::now() + REGISTER_WAIT;
    let (mut done, mut slowest, mut refusal) = (0, Micros(0), None);
    while done < PHONES {
        match timeout_at(deadline, bank.news.recv()).await {
            Ok(Some(News::Registered { after, role })) => {
                tracing::debug!(?role, after_us = after.0, "test phone registered");
                done += 1;
                slowest = slowest.max(after);
            }
            Ok(Some(News::RegisterFailed { role, status })) => {
                tracing::warn!(?role, status, "test phone was refused");
                refusal = Some(status);
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return Err(Fault::Register { done, status: refusal }),
        }
    }
    Ok(slowest)
}

async fn answered(bank: &mut Bank, outcome: &mut Outcome) -> Result<(), Fault> {
    let deadline = Instant::now() + ANSWER_WAIT;
    loop {
        match timeout_at(deadline, bank.news.recv()).await {
            Ok(Some(News::Ringing { after })) => outcome.ring = outcome.ring.or(Some(after)),
            Ok(Some(News::Answered { after })) => {
                outcome.answer = Some(after);
                return Ok(());
            }
            Ok(Some(News::Refused { status })) => return Err(Fault::Refused { status }),
            Ok(Some(News::Over { .. })) => return Err(Fault::End),
            Ok(Some(News::Registered { .. } | News::RegisterFailed { .. })) => {}
            Ok(None) | Err(_) => return Err(Fault::Answer),
        }
    }
}

/// Waits until both phones have told what they counted.
async fn ended(bank: &mut Bank, outcome: &mut Outcome) {
    let deadline = Instant::now() + TALK_WAIT;
    while outcome.caller.is_none() || outcome.echo.is_none() {
        match timeout_at(deadline, bank.news.recv()).await {
            Ok(Some(News::Over { role: Role::Caller, count })) => outcome.caller = Some(count),
            Ok(Some(News::Over { role: Role::Echo, count })) => outcome.echo = Some(count),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
    }
}

fn judge(caller: &Count, echo: &Count) -> Result<(), Fault> {
    if echo.heard != SEQUENCE {
        return Err(Fault::ToEcho);
    }
    if caller.heard != SEQUENCE {
        return Err(Fault::ToCaller);
    }
    let too_few = |sent: u64, received: u64| {
        sent.saturating_sub(received) * 100 > sent.max(1) * LOST_PERCENT_MAX
    };
    if too_few(caller.sent, echo.received) || too_few(echo.sent, caller.received) {
        return Err(Fault::Lost);
    }
    Ok(())
}

/// Waits for the record of an answered call.
async fn is_recorded(store: &Store, scope: &TenantScope) -> bool {
    let deadline = Instant::now() + RECORD_WAIT;
    let mut look = tokio::time::interval(Duration::from_millis(50));
    while Instant::now() < deadline {
        look.tick().await;
        let filter = store::Filter::default();
        match store.history_page(scope, &filter, None, 1).await {
            Ok(page) if page.records.iter().any(is_the_call) => return true,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "history cannot be read");
                return false;
            }
        }
    }
    false
}

fn is_the_call(record: &model::record::CallRecord) -> bool {
    record.is_answered()
        && record.caller_number() == super::CALLER
        && record.callee_number() == super::ECHO
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(heard: &[u16], sent: u64, received: u64) -> Count {
        Count { sent, received, lost: 0, heard: heard.to_vec() }
    }

    #[test]
    fn each_direction_is_judged_by_itself() {
        let good = count(&SEQUENCE, 200, 200);
        assert_eq!(judge(&good, &good), Ok(()));
        for wrong in [&[][..], &SEQUENCE[1..], &[440, 440]] {
            let deaf = count(wrong, 200, 200);
            assert_eq!(judge(&good, &deaf), Err(Fault::ToEcho));
            assert_eq!(judge(&deaf, &good), Err(Fault::ToCaller));
        }
    }

    #[test]
    fn losses_count_against_what_the_other_side_sent() {
        let good = count(&SEQUENCE, 200, 200);
        assert_eq!(judge(&good, &count(&SEQUENCE, 196, 196)), Ok(()));
        assert_eq!(judge(&good, &count(&SEQUENCE, 200, 195)), Err(Fault::Lost));
        assert_eq!(judge(&count(&SEQUENCE, 200, 150), &good), Err(Fault::Lost));
    }
}
