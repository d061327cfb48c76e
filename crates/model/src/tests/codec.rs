//! Byte forms: round trip, every cut refused, every flipped byte survived.

use base::id::{RecordId, Uuid};
use base::{Blame, CallId, Cause, Dn, Secret, Wall};

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

fn message() -> StoredMessage {
    StoredMessage {
        file: u64::MAX,
        tenant: tenant_id(1),
        dn: Dn::parse("2001").expect("digits"),
        call: CallId(7),
        left_at: Wall(-1),
        duration_ms: 180_000,
        heard: true,
        caller: "0312345678".into(),
        name: "鈴木".into(),
    }
}

fn greeting(file: Option<u64>) -> StoredGreeting {
    StoredGreeting { tenant: tenant_id(1), dn: Dn::parse("2001").expect("digits"), file }
}

fn writes() -> [Write; 9] {
    let (tenant, member) = (tenant_id(1), Dn::parse("2001").expect("digits"));
    let pointer = StoredPointer { tenant, group: 10_000, member };
    let (gateway, back) = (base::id::GatewayId(Uuid(8)), Some(member));
    let route = EmergencyRoute { gateway, shown: dn("0312345678"), back };
    let caller = StoredCaller { tenant, device: device_id(1), route, at: Wall(5) };
    [
        Write::Record(Box::new(record())),
        Write::BindingPut(binding()),
        Write::BindingRemove { device: device_id(1), key: b"k".as_slice().into() },
        Write::MessagePut(Box::new(message())),
        Write::MessageRemove { file: 5 },
        Write::GreetingPut(greeting(Some(6))),
        Write::GreetingPut(greeting(None)),
        Write::PointerPut(pointer),
        Write::CallerPut(caller),
    ]
}

#[test]
fn writes_survive_their_byte_form() {
    for write in writes() {
        let mut bytes = Vec::new();
        write.encode(&mut bytes);
        assert_eq!(Write::is_binding(&bytes), write.is_of_binding());
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

/// Undo records and journals of the last release: what is new is at its default.
#[test]
fn version_one_is_read_with_defaults() {
    use crate::codec::Put;
    let mut bytes = vec![1];
    bytes.number(4);
    let t = tenant(1);
    bytes.byte(1);
    bytes.id(t.id.0);
    bytes.text(&t.name);
    bytes.text(&t.realm);
    // OfficeLink, no compatibility, quota of 300, not the default, first policy, 60 minutes.
    bytes.extend_from_slice(&[0, 0, 1, 0xac, 2, 0, 0, 1, 60]);
    bytes.number(90);
    bytes.number(400);
    let s = site(1, 1);
    bytes.byte(3);
    bytes.id(s.id.0);
    bytes.id(s.tenant.0);
    bytes.text(&s.domain);
    bytes.text(&s.name);
    bytes.byte(1);
    let u = user(1, "2001");
    bytes.byte(5);
    [u.id.0, u.tenant.0, u.site.0].into_iter().for_each(|id| bytes.id(id));
    bytes.text(&u.name);
    bytes.text(&u.furigana);
    bytes.text("2001");
    bytes.text(&u.web_user);
    bytes.byte(0);
    bytes.number(60);
    bytes.wall(u.created_at);
    bytes.wall(u.updated_at);
    let d = device(1, None);
    bytes.byte(7);
    [d.id.0, d.tenant.0, d.site.0].into_iter().for_each(|id| bytes.id(id));
    bytes.byte(0);
    bytes.text(&d.sip_id);
    bytes.extend_from_slice(&d.ha1_md5);
    bytes.extend_from_slice(&d.ha1_sha256);
    bytes.byte(0);
    bytes.text(&d.label);
    bytes.byte(0);
    let expected = vec![
        Change::TenantPut(Tenant { quota: Some(300), ..t }),
        Change::SitePut(Site { media_path: MediaPath::Relay, ..s }),
        Change::UserPut(u),
        Change::DevicePut(d),
    ];
    assert_eq!(decode_changes(&bytes), Ok(expected));
    for version in [0, 6] {
        bytes[0] = version;
        assert_eq!(decode_changes(&bytes), Err(codec::DecodeError::Version(version)));
    }
}

/// A site with everything that concerns emergency calls and access lines.
fn urgent() -> Site {
    let (gateway, shown) = (gateway(1, "0").id, Dn::parse("0312345678").expect("digits"));
    let route = EmergencyRoute { gateway, shown, back: Some(shown) };
    Site {
        emergency: [route].into(),
        outside_pair_min: 600,
        access_channels: Some(7),
        has_exchange: true,
        ..site(2, 1)
    }
}

fn tolls() -> TollRules {
    TollRules::parse("domestic;premium,satellite;44,1808").expect("rules")
}

#[test]
fn changes_cut_or_flipped_are_survived() {
    let mut named = settings("2001");
    named.forwards[3] = Forward::on(Destination::Outside("0312345678".into()));
    let stopped_to = Some(Destination::Dn(dn("2001")));
    named.toll = Some(TollClass::Mobile);
    let changes = [
        Change::TenantPut(Tenant { stopped_to, ..tenant(1) }),
        Change::SitePut(site(1, 1)),
        Change::TenantPut(Tenant { toll: tolls(), ..tenant(2) }),
        Change::SitePut(urgent()),
        Change::DepartmentPut(department(1, "2200", &[1, 2])),
        Change::DepartmentPut(Department {
            pagers: Some([user_id(1)].into()),
            page_s: 10,
            emergency: true,
            toll: Some(TollClass::Internal),
            ..department(2, "2201", &[1, 2])
        }),
        Change::HuntPut(hunt(1, "2300", &["2001", "2002"])),
        Change::DnSettingsPut(named),
        Change::GatewayPut(gateway(1, "0")),
        Change::GatewayPut(Gateway { account: Some(device_id(1)), ..gateway(2, "5") }),
        Change::GatewayPut(Gateway { holds_line: true, ..gateway(3, "6") }),
        Change::ReceptionPut(Reception {
            group: Some(dn("2300")),
            ..Reception::new(tenant_id(1), site_id(1))
        }),
    ];
    let bytes = encode_changes(&changes);
    assert_eq!(decode_changes(&bytes).as_deref(), Ok(&changes[..]));
    for len in 0..bytes.len() {
        assert!(decode_changes(&bytes[..len]).is_err(), "{len}");
    }
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0xff;
        let _ = decode_changes(&bad);
    }
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
