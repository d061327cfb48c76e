//! The table of all addresses: the router and the document are made from it.

use app::service::Noun;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use model::TenantOption;

use crate::Portal;
use crate::api::noun::{self, Twin};
use crate::api::shape::Shape;
use crate::api::twins::department::DepartmentTwin;
use crate::api::twins::device::DeviceTwin;
use crate::api::twins::gateway::GatewayTwin;
use crate::api::twins::hunt::HuntTwin;
use crate::api::twins::line::LineTwin;
use crate::api::twins::mobile_line::MobileTwin;
use crate::api::twins::number::NumberTwin;
use crate::api::twins::park_slot::ParkSlotTwin;
use crate::api::twins::pickup::PickupTwin;
use crate::api::twins::reception::ReceptionTwin;
use crate::api::twins::site::SiteTwin;
use crate::api::twins::tenant::TenantTwin;
use crate::api::twins::user::UserTwin;
use crate::api::twins::user_lines::UserLinesTwin;
use crate::api::twins::virtual_dn::VirtualTwin;
use crate::api::{
    account, collisions, document, explain, live, own_setting, password, pin, secret, sounds,
};

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent {
    /// No body.
    Nothing,
    /// The object with what it must have.
    Whole(&'static Shape),
    /// Any of its fields.
    Part(&'static Shape),
    /// A file of sound.
    Audio,
}

/// What comes back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    /// 204.
    Nothing,
    /// 200.
    One(&'static Shape),
    /// 201 with its address.
    Made(&'static Shape),
    /// 200, items and cursor.
    Page(&'static Shape),
    /// 200, this document.
    Document,
    /// 200, a file of sound.
    Audio,
}

/// One method of one address.
pub(crate) struct Route {
    /// Lower case.
    pub(crate) method: &'static str,
    /// Below the root of the API.
    pub(crate) path: String,
    /// Name of the operation.
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) sent: Sent,
    pub(crate) told: Told,
    /// Words of the query.
    pub(crate) words: &'static [(&'static str, &'static str)],
    /// What must be contracted.
    pub(crate) option: Option<TenantOption>,
    pub(crate) handler: MethodRouter<Portal>,
}

pub(crate) const PAGING: &[(&str, &str)] = &[
    ("q", "Words that must all occur in number or name."),
    ("limit", "Most items, 1 to 500; default 50."),
    ("cursor", "What `next` of the page before said."),
];
const FORCE: &[(&str, &str)] =
    &[("force", "true: memberships that stand in the way are removed too; default false.")];

/// What can be done with a noun besides reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Can {
    /// Make, replace, change, remove.
    All,
    /// Replace, change, back to the defaults.
    Reset,
    /// Change.
    Change,
}

fn of<T: Twin>(
    (method, name, about): (&'static str, &str, &str),
    has_key: bool,
    (sent, told): (Sent, Told),
    handler: MethodRouter<Portal>,
) -> Route {
    let key = if has_key { "/{key}" } else { "" };
    Route {
        method,
        path: format!("/{}{key}", T::PATH),
        name: format!("{name}{}", T::SHAPE.name),
        about: format!("{about} {}", T::PATH.replace('-', " ")),
        sent,
        told,
        words: &[],
        option: T::Of::OPTION,
        handler,
    }
}

fn noun_routes<T: Twin>(can: Can) -> Vec<Route> {
    let shape = T::SHAPE;
    let (whole, part) = (Sent::Whole(shape), Sent::Part(shape));
    let one = Told::One(shape);
    let mut out = vec![
        Route {
            words: PAGING,
            ..of::<T>(
                ("get", "list", "List and search:"),
                false,
                (Sent::Nothing, Told::Page(shape)),
                get(noun::list::<T>),
            )
        },
        of::<T>(("get", "read", "Read one of:"), true, (Sent::Nothing, one), get(noun::read::<T>)),
        of::<T>(
            ("patch", "change", "Change fields of one of:"),
            true,
            (part, one),
            patch(noun::patch::<T>),
        ),
    ];
    if can == Can::All {
        out.push(of::<T>(
            ("post", "make", "Make one of:"),
            false,
            (whole, Told::Made(shape)),
            post(noun::create::<T>),
        ));
    }
    if can != Can::Change {
        let about = if can == Can::All { "Remove one of:" } else { "Back to the defaults:" };
        out.push(of::<T>(
            ("put", "replace", "Replace one of:"),
            true,
            (whole, one),
            put(noun::replace::<T>),
        ));
        out.push(Route {
            words: FORCE,
            ..of::<T>(
                ("delete", "remove", about),
                true,
                (Sent::Nothing, Told::Nothing),
                delete(noun::remove::<T>),
            )
        });
    }
    out
}

fn single(
    (method, path, name, about): (&'static str, &str, &str, &str),
    (sent, told): (Sent, Told),
    handler: MethodRouter<Portal>,
) -> Route {
    Route {
        method,
        path: path.to_owned(),
        name: name.to_owned(),
        about: about.to_owned(),
        sent,
        told,
        words: &[],
        option: None,
        handler,
    }
}

/// Every address.
pub(crate) fn all() -> Vec<Route> {
    let mut out = noun_routes::<HuntTwin>(Can::All);
    out.extend(noun_routes::<NumberTwin>(Can::Reset));
    out.extend(noun_routes::<PickupTwin>(Can::All));
    out.extend(noun_routes::<DepartmentTwin>(Can::All));
    out.extend(noun_routes::<ParkSlotTwin>(Can::All));
    out.extend(noun_routes::<VirtualTwin>(Can::All));
    out.extend(noun_routes::<SiteTwin>(Can::All));
    out.extend(noun_routes::<GatewayTwin>(Can::All));
    out.extend(noun_routes::<LineTwin>(Can::All));
    out.extend(noun_routes::<UserLinesTwin>(Can::Reset));
    out.extend(noun_routes::<ReceptionTwin>(Can::Reset));
    out.extend(noun_routes::<UserTwin>(Can::All));
    out.extend(noun_routes::<DeviceTwin>(Can::All));
    out.extend(noun_routes::<MobileTwin>(Can::All));
    out.extend(noun_routes::<sounds::SoundTwin>(Can::Change));
    out.extend(sound_routes());
    out.extend(box_pins());
    out.extend(singles());
    out.push(gateway_account());
    out.push(device_reset());
    out
}

fn gateway_account() -> Route {
    Route {
        option: Some(TenantOption::Gateways),
        ..single(
            (
                "post",
                "/gateways/{key}/account",
                "issueGatewayAccount",
                "Make the account of a gateway, or a new secret for it",
            ),
            (Sent::Nothing, Told::One(account::SHAPE)),
            post(account::issue),
        )
    }
}

fn device_reset() -> Route {
    single(
        (
            "post",
            "/devices/{key}/reset",
            "resetDevice",
            "Make a new secret for a terminal, valid at once or from the next morning",
        ),
        (Sent::Whole(secret::SHAPE), Told::One(secret::MADE)),
        post(secret::reset),
    )
}

/// What a sound has besides what every object has.
fn sound_routes() -> Vec<Route> {
    let made = Told::Made(sounds::SoundTwin::SHAPE);
    vec![
        Route {
            words: &[
                ("name", "Name of the sound, 1 to 64 characters."),
                (
                    "use",
                    "What it will be: music, the default, or an announcement, which is louder.",
                ),
            ],
            ..single(
                (
                    "post",
                    "/sounds",
                    "uploadSound",
                    "Upload music for those on hold: the file itself as the body, WAV, MP3 or \
                     FLAC, at most 10 MiB and 10 minutes",
                ),
                (Sent::Audio, made),
                sounds::uploading(),
            )
        },
        single(
            ("get", "/sounds/{key}/file", "downloadSound", "Hear a sound as it is played"),
            (Sent::Nothing, Told::Audio),
            get(sounds::download),
        ),
        single(
            ("delete", "/sounds/{key}", "removeSound", "Remove a sound that nobody has chosen"),
            (Sent::Nothing, Told::Nothing),
            delete(sounds::remove),
        ),
    ]
}

/// PINs of mailboxes that are no person's.
fn box_pins() -> Vec<Route> {
    let put_of = |path: &str, name: &str, handler| {
        let about = ("put", path, name, "Set the PIN by which the mailbox is opened elsewhere");
        single(about, (Sent::Whole(pin::SHAPE), Told::Nothing), handler)
    };
    let delete_of = |path: &str, name: &str, handler| {
        let about = ("delete", path, name, "Take the PIN of the mailbox away");
        single(about, (Sent::Nothing, Told::Nothing), handler)
    };
    let [numbers, departments, groups] =
        ["/virtual-numbers/{key}/pin", "/departments/{key}/pin", "/hunting-groups/{key}/pin"];
    vec![
        put_of(numbers, "setVirtualNumberPin", put(pin::set::<{ pin::VIRTUAL }>)),
        delete_of(numbers, "removeVirtualNumberPin", delete(pin::remove::<{ pin::VIRTUAL }>)),
        put_of(departments, "setDepartmentPin", put(pin::set::<{ pin::DEPARTMENT }>)),
        delete_of(departments, "removeDepartmentPin", delete(pin::remove::<{ pin::DEPARTMENT }>)),
        put_of(groups, "setHuntingGroupPin", put(pin::set::<{ pin::HUNT }>)),
        delete_of(groups, "removeHuntingGroupPin", delete(pin::remove::<{ pin::HUNT }>)),
    ]
}

fn singles() -> Vec<Route> {
    let (nothing, tenant) = (Sent::Nothing, TenantTwin::SHAPE);
    vec![
        single(
            ("get", "/tenant", "readTenant", "Read codes, options and rules of the company"),
            (nothing, Told::One(tenant)),
            get(noun::read_own::<TenantTwin>),
        ),
        single(
            ("patch", "/tenant", "changeTenant", "Change codes, options and rules"),
            (Sent::Part(tenant), Told::One(tenant)),
            patch(noun::patch_own::<TenantTwin>),
        ),
        single(
            ("put", "/users/{key}/pin", "setPin", "Set the PIN of a person"),
            (Sent::Whole(pin::SHAPE), Told::Nothing),
            put(pin::set::<{ pin::USER }>),
        ),
        single(
            ("delete", "/users/{key}/pin", "removePin", "Take the PIN of a person away"),
            (nothing, Told::Nothing),
            delete(pin::remove::<{ pin::USER }>),
        ),
        single(
            ("put", "/users/{key}/password", "setPassword", "Set the web password of a person"),
            (Sent::Whole(password::SHAPE), Told::Nothing),
            put(password::set),
        ),
        single(
            (
                "post",
                "/numbers/{key}/own-setting",
                "setOwnSetting",
                "Set what a person may set by feature code, with the same refusals",
            ),
            (Sent::Whole(own_setting::SHAPE), Told::One(NumberTwin::SHAPE)),
            post(own_setting::set),
        ),
        single(
            ("get", "/collisions", "listCollisions", "Codes, prefixes and numbers that collide"),
            (nothing, Told::Page(collisions::SHAPE)),
            get(collisions::list),
        ),
        single(
            ("post", "/explain", "explain", "Where a call would go now, and why"),
            (Sent::Whole(explain::QUESTION), Told::One(explain::ANSWER)),
            post(explain::explain),
        ),
        single(
            ("get", "/calls", "listCalls", "Running calls, the oldest first"),
            (nothing, Told::Page(live::CALL)),
            get(live::calls),
        ),
        Route {
            words: PAGING,
            ..single(
                ("get", "/registrations", "listRegistrations", "Terminals registered now"),
                (nothing, Told::Page(live::REGISTRATION)),
                get(live::registrations),
            )
        },
        single(
            ("get", "/openapi.json", "readDocument", "This document; needs no token"),
            (nothing, Told::Document),
            get(document::show),
        ),
    ]
}
