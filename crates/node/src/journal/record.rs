//! Inputs as journal fields.

use base::{CallId, FlowId, ReqId};
use bytes::Bytes;
use model::binding::StoredBinding;
use model::own_setting::Declined;
use model::{StoredBoxes, StoredCaller, StoredGreeting, StoredMessage, StoredPointer, Write};
use sip::stack::Transport;

use super::JournalError;
use super::cursor::{Reader, Writer};
use crate::{Command, Input};

const FLOW_OPENED: u8 = 1;
const RECEIVED: u8 = 2;
const FLOW_CLOSED: u8 = 3;
const MEDIA: u8 = 4;
const CLEAR: u8 = 5;
/// Configuration has its own form.
pub(super) const CONFIG: u8 = 6;
const RESTORE: u8 = 7;
const DRAIN: u8 = 8;
const CLEAR_ALL: u8 = 9;
const TICK: u8 = 10;
const RESUME: u8 = 11;
const TOLD: u8 = 12;
const RESTORE_BOXES: u8 = 13;

/// Whether the input only reads.
pub(super) fn is_question(input: &Input) -> bool {
    match input {
        Input::Command { command, .. } => !matches!(command, Command::Clear { .. }),
        _ => false,
    }
}

pub(super) fn write(w: &mut Writer<'_>, input: &Input) {
    match input {
        Input::FlowOpened { flow, transport, local, remote } => {
            w.u8(FLOW_OPENED);
            w.u64(flow.0);
            w.u8(transport_code(*transport));
            w.addr(*local);
            w.addr(*remote);
        }
        Input::Received { flow, from, local, bytes } => {
            w.u8(RECEIVED);
            w.u64(flow.0);
            w.addr(*from);
            w.ip(*local);
            w.bytes(bytes);
        }
        Input::FlowClosed { flow } => {
            w.u8(FLOW_CLOSED);
            w.u64(flow.0);
        }
        Input::Media { event } => {
            w.u8(MEDIA);
            let mut frame = Vec::new();
            mediactl::wire::encode_event(event, &mut frame);
            w.bytes(&frame);
        }
        Input::Command { req, command } => {
            if let Command::Clear { call } = command {
                w.u8(CLEAR);
                w.u64(req.0);
                w.u128(call.0);
            }
        }
        Input::Config { .. } => {}
        Input::Restore { bindings } => {
            w.u8(RESTORE);
            w.u32(bindings.len() as u32);
            bindings.iter().for_each(|binding| write_binding(w, binding));
        }
        Input::Resume { bindings } => {
            w.u8(RESUME);
            w.u32(bindings.len() as u32);
            for (flow, binding) in bindings {
                w.u64(flow.0);
                write_binding(w, binding);
            }
        }
        Input::RestoreBoxes { boxes } => {
            w.u8(RESTORE_BOXES);
            write_boxes(w, boxes);
        }
        Input::Told { call, declined } => {
            w.u8(TOLD);
            w.u128(call.0);
            let at = declined.and_then(|d| Declined::ALL.iter().position(|all| *all == d));
            w.u8(at.map_or(0, |at| at as u8 + 1));
        }
        Input::Drain => w.u8(DRAIN),
        Input::ClearAll => w.u8(CLEAR_ALL),
        Input::Tick => w.u8(TICK),
    }
}

fn write_boxes(w: &mut Writer<'_>, boxes: &StoredBoxes) {
    let put = |m: &StoredMessage| Write::MessagePut(Box::new(m.clone()));
    let greeting = |g: &StoredGreeting| Write::GreetingPut(g.clone());
    let all = boxes.messages.iter().map(put);
    let all = all.chain(boxes.greetings.iter().map(greeting));
    let pointer = |p: &StoredPointer| Write::PointerPut(p.clone());
    let all = all.chain(boxes.pointers.iter().map(pointer));
    let caller = |c: &StoredCaller| Write::CallerPut(c.clone());
    let all = all.chain(boxes.callers.iter().map(caller));
    let others = boxes.pointers.len() + boxes.callers.len();
    let parts = [boxes.messages.len(), boxes.greetings.len(), others];
    w.u32(parts.iter().sum::<usize>() as u32);
    all.for_each(|write| write_form(w, &write));
}

pub(super) fn read(kind: u8, r: &mut Reader<'_>) -> Result<Input, JournalError> {
    Ok(match kind {
        FLOW_OPENED => {
            let flow = FlowId(r.u64()?);
            let transport = transport(r.u8()?)?;
            Input::FlowOpened { flow, transport, local: r.addr()?, remote: r.addr()? }
        }
        RECEIVED => {
            let flow = FlowId(r.u64()?);
            let (from, local) = (r.addr()?, r.ip()?);
            Input::Received { flow, from, local, bytes: Bytes::copy_from_slice(r.bytes()?) }
        }
        FLOW_CLOSED => Input::FlowClosed { flow: FlowId(r.u64()?) },
        MEDIA => {
            let frame = r.bytes()?;
            let body = mediactl::wire::split_frame(frame)
                .ok()
                .flatten()
                .and_then(|(body, _)| mediactl::wire::decode_event(body).ok());
            Input::Media { event: body.ok_or(JournalError::Unknown("media event"))? }
        }
        CLEAR => {
            let req = ReqId(r.u64()?);
            Input::Command { req, command: Command::Clear { call: CallId(r.u128()?) } }
        }
        RESTORE => {
            let count = r.u32()?;
            let mut bindings = Vec::new();
            for _ in 0..count {
                bindings.push(read_binding(r)?);
            }
            Input::Restore { bindings }
        }
        RESUME => {
            let count = r.u32()?;
            let mut bindings = Vec::new();
            for _ in 0..count {
                bindings.push((FlowId(r.u64()?), read_binding(r)?));
            }
            Input::Resume { bindings }
        }
        TOLD => {
            let call = CallId(r.u128()?);
            let declined = match r.u8()? {
                0 => None,
                n => {
                    let why = Declined::ALL.get(usize::from(n) - 1);
                    Some(*why.ok_or(JournalError::Unknown("refusal"))?)
                }
            };
            Input::Told { call, declined }
        }
        RESTORE_BOXES => Input::RestoreBoxes { boxes: read_boxes(r)? },
        DRAIN => Input::Drain,
        CLEAR_ALL => Input::ClearAll,
        TICK => Input::Tick,
        _ => return Err(JournalError::Unknown("input")),
    })
}

fn read_boxes(r: &mut Reader<'_>) -> Result<StoredBoxes, JournalError> {
    let count = r.u32()?;
    let mut boxes = StoredBoxes::default();
    for _ in 0..count {
        match Write::decode(r.bytes()?) {
            Ok(Write::MessagePut(message)) => boxes.messages.push(*message),
            Ok(Write::GreetingPut(greeting)) => boxes.greetings.push(greeting),
            Ok(Write::PointerPut(pointer)) => boxes.pointers.push(pointer),
            Ok(Write::CallerPut(caller)) => boxes.callers.push(caller),
            _ => return Err(JournalError::Unknown("message")),
        }
    }
    Ok(boxes)
}

fn write_binding(w: &mut Writer<'_>, binding: &StoredBinding) {
    write_form(w, &Write::BindingPut(binding.clone()));
}

fn write_form(w: &mut Writer<'_>, write: &Write) {
    let mut form = Vec::new();
    write.encode(&mut form);
    w.bytes(&form);
}

fn read_binding(r: &mut Reader<'_>) -> Result<StoredBinding, JournalError> {
    match Write::decode(r.bytes()?) {
        Ok(Write::BindingPut(binding)) => Ok(binding),
        _ => Err(JournalError::Unknown("binding")),
    }
}

fn transport_code(transport: Transport) -> u8 {
    match transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
        Transport::Tls => 2,
    }
}

fn transport(code: u8) -> Result<Transport, JournalError> {
    match code {
        0 => Ok(Transport::Udp),
        1 => Ok(Transport::Tcp),
        2 => Ok(Transport::Tls),
        _ => Err(JournalError::Unknown("transport")),
    }
}
