//! Executes the outputs of a node, in order.

use model::Write;
use node::Output;

use base::event::Kind;

use crate::handle::Wish;
use crate::run::Shard;

/// The durable side of a shard: the spool that it appends to itself.
pub(crate) struct Durable {
    spool: store::Spool,
    pending: Vec<Write>,
    /// The spool refused what was written last.
    refuses: bool,
}

impl Durable {
    pub(crate) fn new(spool: store::Spool) -> Self {
        Durable { spool, pending: Vec::new(), refuses: false }
    }

    pub(crate) fn push(&mut self, write: Write) {
        self.pending.push(write);
    }

    /// Appends what is pending. False when the disk refused: what follows goes out all the same,
    /// since calls do not wait for the disk.
    fn flush(&mut self) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        let kept = self.spool.append(&self.pending);
        match &kept {
            Err(error) if !self.refuses => {
                tracing::error!(%error, "spool cannot be written");
            }
            Ok(()) if self.refuses => tracing::info!("spool is written again"),
            _ => {}
        }
        self.refuses = kept.is_err();
        self.pending.clear();
        kept.is_ok()
    }

    pub(crate) fn close(&mut self) {
        self.flush();
    }
}

impl Shard {
    /// Executes and empties `out`.
    pub(crate) fn execute(&mut self, out: &mut Vec<Output>) {
        for output in out.drain(..) {
            match output {
                Output::Store { write } => self.durable.push(write),
                Output::Transmit { flow, to, bytes } => {
                    self.flush();
                    self.transmit(flow, to, bytes);
                }
                Output::Close { flow } => {
                    self.open.remove(&flow);
                }
                Output::Media { command } => {
                    if !self.relays.tell(command) {
                        self.metrics.event(Kind::MediaRefused.into());
                    }
                }
                Output::Reply { req, reply } => {
                    if let Some(waiting) = self.waiting.remove(&req) {
                        // Whoever asked may have given up.
                        let _ = waiting.send(reply);
                    }
                }
                Output::Wish { call, device, dn, wanted } => {
                    self.wish(Wish::Setting { call, device, dn, wanted });
                }
                Output::CheckPin { call, tenant, owner, pin } => {
                    self.wish(Wish::Pin { call, tenant, owner, pin });
                }
                Output::Seat { call, device, typed } => {
                    self.wish(Wish::Seat { call, device, typed });
                }
                Output::Event { event } => self.metrics.event(event),
            }
        }
        self.flush();
    }

    /// The call refuses by itself what is not answered in time.
    fn wish(&mut self, wish: Wish) {
        if self.wishes.try_send(wish).is_err() {
            self.metrics.event(Kind::StoreRefused.into());
        }
    }

    pub(crate) fn flush(&mut self) {
        let refused = self.durable.refuses;
        let kept = self.durable.flush();
        if self.durable.refuses != refused {
            self.metrics.set_spool_refuses(self.durable.refuses);
        }
        if !kept {
            self.metrics.event(Kind::StoreRefused.into());
        }
    }

    fn transmit(&mut self, flow: base::FlowId, to: std::net::SocketAddr, bytes: bytes::Bytes) {
        let socket = self.listeners.iter().find(|l| l.flow == flow);
        let sent = match socket {
            // A full send buffer is a lost datagram, which SIP repeats.
            Some(listener) => listener.socket.send_to(&bytes, to).is_ok(),
            None => match self.open.get(&flow) {
                Some(stream) => {
                    let queued = stream.out.send(bytes);
                    if !queued {
                        self.open.remove(&flow);
                    }
                    queued
                }
                None => false,
            },
        };
        self.metrics.sent(sent);
    }
}
