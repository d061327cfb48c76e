//! S9: a REGISTER or BYE is confirmed after what it means has been stored, so that no crash
//! between the two can lose it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base::CallId;
use sip::msg::contact::Contacts;
use sip::msg::{Method, Msg};

use super::{Arrived, Checker, Done, Name, Scene, text};

/// Call-ID and CSeq number of a request.
type Key = (Vec<u8>, u32);

/// What a request that is not confirmed yet would mean.
#[derive(Default)]
pub struct Confirmed {
    /// REGISTERs: source, and whether they remove everything of theirs; `None` when they have been
    /// confirmed, since what is repeated later says nothing new.
    registers: BTreeMap<Key, Option<(SocketAddr, bool)>>,
    /// BYEs of legs that call control knew.
    byes: BTreeMap<Key, CallId>,
}

impl Checker for Confirmed {
    fn name(&self) -> Name {
        Name::S9
    }

    fn arrived(&mut self, _scene: &mut Scene<'_>, at: Arrived<'_>) {
        let Some(key) = key_of(at.msg) else { return };
        match at.msg.method() {
            Some(Method::Register) => {
                let removes = at.msg.expires() == Some(0);
                let names_one = matches!(at.msg.contacts(), Contacts::List(_));
                if names_one {
                    // A copy that comes by another port of its NAT changes nothing.
                    self.registers.entry(key).or_insert(Some((at.from, removes)));
                }
            }
            Some(Method::Bye) => {
                if let Some(call) = at.call {
                    self.byes.insert(key, call);
                }
            }
            _ => {}
        }
    }

    fn done(&mut self, scene: &mut Scene<'_>, done: &Done<'_>) {
        let Done::Sent(msg, _) = done else { return };
        let Some(200) = msg.status() else { return };
        let (Some(key), Some(cseq)) = (key_of(msg), msg.cseq()) else { return };
        match cseq.method {
            Method::Register => {
                let register = self.registers.get_mut(&key).and_then(Option::take);
                let Some((source, removes)) = register else { return };
                let stored = scene.store.has_binding((&key.0, key.1), source, scene.mono);
                let kept = scene.store.is_bound_by(&key.0, scene.mono);
                if !removes && !stored {
                    let what = format!("REGISTER {} {} confirmed, not stored", text(&key.0), key.1);
                    scene.report(Name::S9, what);
                }
                if removes && kept {
                    let what = format!("removal {} confirmed, still stored", text(&key.0));
                    scene.report(Name::S9, what);
                }
            }
            Method::Bye => {
                let Some(call) = self.byes.get(&key).copied() else { return };
                if scene.store.records_of(call) == 0 {
                    let what = format!("BYE {} confirmed, no record of call {call}", text(&key.0));
                    scene.report(Name::S9, what);
                }
            }
            _ => {}
        }
    }

    fn crashed(&mut self, _scene: &mut Scene<'_>) {
        self.registers.clear();
        self.byes.clear();
    }

    fn settled(&mut self, world: &crate::world::World) -> Result<(), String> {
        let Some(machine) = &world.machine else { return Ok(()) };
        let stored = world.store.bindings_len(world.now.mono);
        let live = machine.bindings_len();
        match stored == live {
            true => Ok(()),
            false => Err(format!("{live} bindings are in force, {stored} are stored")),
        }
    }
}

fn key_of(msg: &Msg) -> Option<Key> {
    Some((msg.call_id().to_vec(), msg.cseq()?.number))
}
