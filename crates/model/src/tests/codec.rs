//! Byte forms: round trip, every cut refused, every flipped byte survived.

use base::id::{RecordId, Uuid};
use base::{Blame, CallId, Cause, Secret, Wall};

use super::world::*;
use crate::binding::StoredBinding;
use crate::record::{CallRecord, Party, Service, Services, Step};
use crate::*;

fn record() -> CallRecord {
    CallRecord {
        id: RecordId(Uuid(7)),
        tenant: tenant_id(1),
        site: Some(site_id(1)),
        call: CallId(99),
        called_at: Wall(1_782_831_600_000),
        answered_at: Some(Wall(1_782_831_607_000)),
        ended_at: Wall(1_782_831_792_999),
        services: Services::NONE.with(Service::Hunt).with(Service::Transfer),
        dialed: "7000".into(),
        caller: Party { number: "09012345678".into(), ..Party::default() },
        callee: Some(Party {
            dn: Some(dn("7001")),
            number: "7001".into(),
            user: Some(user_id(1)),
            name: "田中".into(),
            device: Some(device_id(1)),
        }),
        transferrer: None,
        ended_by: Some("09012345678".into()),
        cause: Cause::NormalClearing,
        blame: Blame::Caller,
        trace: [Step::new("route.dn", "7001"), Step::new("ring", "2")].into(),
    }
}

fn binding() -> StoredBinding {
    StoredBinding {
        device: device_id(1),
        key: b"urn:uuid:1;1".as_slice().into(),
        contact: b"sip:a@192.0.2.1:5060;transport=tcp".as_slice().into(),
        path: Box::default(),
        call_id: b"abc@x".as_slice().into(),
        cseq: u32::MAX,
        expires_at: Wall(-5),
        q: 1000,
        source: "[2001:db8::1]:5060".parse().expect("address"),
        local: "192.0.2.9".parse().expect("address"),
        transport: 1,
        agent: "baresip v1.0.0".into(),
    }
}

fn writes() -> [Write; 3] {
    [
        Write::Record(Box::new(record())),
        Write::BindingPut(binding()),
        Write::BindingRemove { device: device_id(1), key: b"k".as_slice().into() },
    ]
}

#[test]
fn writes_survive_their_byte_form() {
    for write in writes() {
        let mut bytes = Vec::new();
        write.encode(&mut bytes);
        assert_eq!(Write::is_binding(&bytes), !matches!(write, Write::Record(_)));
        assert_eq!(Write::decode(&bytes), Ok(write));
    }
}

#[test]
fn every_cut_is_refused_and_every_flip_survived() {
    for write in writes() {
        let mut bytes = Vec::new();
        write.encode(&mut bytes);
        for len in 0..bytes.len() {
            assert!(Write::decode(&bytes[..len]).is_err(), "{len}");
        }
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0xff;
            let _ = Write::decode(&bad);
        }
        bytes[0] = 9;
        assert_eq!(Write::decode(&bytes), Err(codec::DecodeError::Version(9)));
    }
}

#[test]
fn passwords_never_reach_the_byte_form() {
    let secret = Change::Password(NewPassword {
        owner: CredentialOwner::User(user_id(1)),
        text: Secret::new("abc12345".to_owned()),
        must_change: true,
        bulk: true,
    });
    let bytes = encode_changes(&[secret, Change::UserPut(user(1, "2001"))]);
    assert!(!bytes.windows(8).any(|w| w == b"abc12345"));
    assert_eq!(decode_changes(&bytes), Ok(vec![Change::UserPut(user(1, "2001"))]));
}

#[test]
fn columns_of_a_record() {
    let record = record();
    assert_eq!((record.talk_s(), record.cause_column().as_str()), (185, "016"));
    let services: Vec<_> = record.services.iter().collect();
    assert_eq!(services, [Service::Transfer, Service::Hunt]);
    assert_eq!((record.caller_number(), record.callee_number()), ("09012345678", "7001"));
}

#[test]
fn ha1_follows_rfc_2617() {
    let ha1 = Ha1::of("Mufasa", "testrealm@host.com", "Circle Of Life");
    let hex: String = ha1.md5.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "939e7578ed9e3c518a452acee763bce9");
}
