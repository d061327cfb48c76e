//! The 200 to a REGISTER.

use base::Dn;
use bytes::Bytes;

use super::key::instance_params;
use super::register::Register;
use super::{Io, Registrar};
use crate::msg::write::{Reply, Writer};
use crate::msg::{HeaderId, date};

impl Registrar {
    /// Lists all bindings of the device with the seconds they have left; says its number
    /// (P-Associated-URI, RFC 7315) and the Path that was taken (RFC 3327 §5.3).
    pub(crate) fn answer(
        &self,
        register: Register<'_>,
        (tag, number): (&str, Option<Dn>),
        io: &Io<'_>,
    ) -> Option<Bytes> {
        let Register { msg, device, peer, .. } = register;
        let mut buffer = Vec::with_capacity(768);
        let reply = Reply { code: 200, phrase: "", to_tag: Some(tag), source: Some(peer.address) };
        let mut writer = Writer::respond(&mut buffer, msg, reply);
        let mut value = Vec::with_capacity(160);
        let mut outbound = false;
        for (_, slot) in self.slots_of(device) {
            let binding = &slot.binding;
            value.clear();
            value.push(b'<');
            value.extend_from_slice(&binding.contact);
            let left = slot.due.since(io.now.mono).0.div_ceil(1_000_000);
            value.extend_from_slice(format!(">;expires={left}").as_bytes());
            if binding.q < 1_000 {
                value.extend_from_slice(format!(";q=0.{:03}", binding.q).as_bytes());
            }
            instance_params(&binding.key, &mut value);
            outbound |= binding.key.first().is_some_and(|b| (b'1'..=b'9').contains(b));
            writer.header(HeaderId::Contact, &value);
        }
        if msg.has_token(HeaderId::Supported, "path") {
            writer.copy_all(msg, HeaderId::Path);
        }
        if outbound && msg.has_token(HeaderId::Supported, "outbound") {
            writer.header(HeaderId::Require, "outbound");
        }
        if let Some(number) = number
            && let Some(domain) = msg.to().and_then(|t| t.parsed()).and_then(|u| u.sip())
        {
            let host = domain.host;
            writer.text(HeaderId::PAssociatedUri, format_args!("<sip:{number}@{host}>"));
        }
        writer.header(HeaderId::Date, date::write(io.now.wall));
        writer.header(HeaderId::Server, io.config.product);
        writer.finish_bytes().ok()
    }
}
