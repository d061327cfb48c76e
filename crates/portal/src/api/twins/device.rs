//! Terminals as JSON (R088, R202, R215, R216, R235, R251). A secret is written, and told once when
//! it was made here; it is never read (SEC-09).

use app::service::Problem;
use base::id::DeviceId;
use model::{Device, DeviceKind, Ha1, Snapshot, SrtpPolicy};
use serde::{Deserialize, Serialize};

use super::{Reader, first_site, word_of};
use crate::api::live::time;
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told, written};

const KINDS: [(&str, DeviceKind); 2] =
    [("mobile", DeviceKind::Mobile), ("sip-phone", DeviceKind::SipPhone)];
const SRTP: [(&str, SrtpPolicy); 3] =
    [("auto", SrtpPolicy::Auto), ("required", SrtpPolicy::Required), ("off", SrtpPolicy::Off)];

const SHAPE: &Shape = &Shape {
    name: "Device",
    about: "A terminal.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        must("sip_id", Kind::Text(1, 32), "SIP id, its key; with a new one comes a new secret."),
        written(
            "secret",
            Kind::Text(8, 64),
            "SIP secret: written, never read. One that is made with a terminal is told once, in \
             the answer to its creation.",
        ),
        may("kind", Kind::OneOf(&["mobile", "sip-phone"]), "What it is; default sip-phone."),
        may("site", Kind::Id, "Where it stands; default the first site."),
        may(
            "extension",
            Kind::Null(&Kind::Extension),
            "Number of its user, who is logged in at it; null = unused.",
        ),
        may("label", Kind::Text(0, 64), "Label of its own."),
        may("srtp", Kind::OneOf(&["auto", "required", "off"]), "Protection of its audio."),
        may("do_not_disturb", Kind::Flag, "Is not rung and counts as busy."),
        may("accepts_tones", Kind::Flag, "Gets push tones of other extensions: a door phone."),
        may(
            "multicast_groups",
            Kind::Number(0, 64),
            "How many group addresses of pages it can hold; for their pages it is not called. 0, \
             the default, = it knows no RTP multicast.",
        ),
        told(
            "multicast_listens",
            Kind::List(&Kind::Text(14, 47), 64),
            "The groups, each with its port, that its own configuration file must name: of the \
             departments of its user that page, those made first.",
        ),
        told(
            "renews_at",
            Kind::Null(&Kind::Time),
            "When a secret that a reset has made takes the place of the present one; null = none \
             waits.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceTwin {
    id: String,
    sip_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    kind: String,
    site: String,
    extension: Option<String>,
    label: String,
    srtp: String,
    do_not_disturb: bool,
    accepts_tones: bool,
    multicast_groups: u16,
    #[serde(default)]
    multicast_listens: Vec<String>,
    renews_at: Option<String>,
}

impl Twin for DeviceTwin {
    type Of = Device;
    const PATH: &'static str = "devices";
    const SHAPE: &'static Shape = SHAPE;
    const SECRET: Option<&'static str> = Some("secret");

    fn of(device: &Device, snapshot: &Snapshot) -> Self {
        let user = device.user.and_then(|id| snapshot.user(id));
        DeviceTwin {
            id: device.id.to_string(),
            sip_id: device.sip_id.to_string(),
            secret: None,
            kind: word_of(&KINDS, &device.kind),
            site: device.site.to_string(),
            extension: user.map(|u| u.dn.text()),
            label: device.label.to_string(),
            srtp: word_of(&SRTP, &device.srtp),
            do_not_disturb: device.do_not_disturb,
            accepts_tones: device.accepts_tones,
            multicast_groups: device.multicast_groups.into(),
            multicast_listens: snapshot
                .streams_heard(device)
                .map(|(_, to)| to.to_string())
                .collect(),
            renews_at: device.next.as_ref().map(|next| time(next.from)),
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        Some(DeviceTwin {
            id: cx.id.to_string(),
            sip_id: String::new(),
            secret: Some(cx.secret.to_owned()),
            kind: word_of(&KINDS, &DeviceKind::SipPhone),
            site: first_site(cx).to_string(),
            extension: None,
            label: String::new(),
            srtp: word_of(&SRTP, &SrtpPolicy::Auto),
            do_not_disturb: false,
            accepts_tones: false,
            multicast_groups: 0,
            multicast_listens: Vec::new(),
            renews_at: None,
        })
    }

    fn object(self, cx: &Cx<'_>, old: Option<&Device>) -> Result<Device, Vec<Problem>> {
        let mut reader = Reader::default();
        let mut user = None;
        if let Some(text) = &self.extension {
            let dn = reader.dn("extension", text)?;
            user = cx.snapshot.user_by_dn(cx.tenant, dn).map(|u| u.id);
            if user.is_none() {
                reader.fail(Problem::new(238, "extension", text));
            }
        }
        let realm = cx.snapshot.tenant(cx.tenant).map(|t| t.realm.clone()).unwrap_or_default();
        // A replacement that names no secret keeps the one there is.
        let keeps = old.is_some_and(|old| *old.sip_id == *self.sip_id);
        let given = self.secret.filter(|text| old.is_none() || text != cx.secret);
        let waits = old.filter(|_| keeps && given.is_none()).and_then(|old| old.next.clone());
        let ha1 = match (given, old.filter(|_| keeps)) {
            (Some(secret), _) => {
                if !is_secret(&secret) {
                    // The value is a secret and is not repeated.
                    reader.fail(Problem::new(218, "secret", ""));
                }
                Ha1::of(&self.sip_id, &realm, &secret)
            }
            (None, Some(old)) => old.ha1(),
            (None, None) => {
                reader.fail(Problem::new(211, "secret", "").saying("api-secret-missing"));
                Ha1::of("", "", "")
            }
        };
        let device = Device {
            id: old.map_or(DeviceId(cx.id), |o| o.id),
            tenant: cx.tenant,
            site: reader.site(&self.site),
            kind: reader.word(&KINDS, &self.kind),
            sip_id: self.sip_id.into(),
            ha1_md5: ha1.md5,
            ha1_sha256: ha1.sha256,
            user,
            label: self.label.into(),
            srtp: reader.word(&SRTP, &self.srtp),
            do_not_disturb: self.do_not_disturb,
            accepts_tones: self.accepts_tones,
            multicast_groups: u8::try_from(self.multicast_groups).unwrap_or(u8::MAX),
            next: waits,
            login: old.and_then(|old| old.login.clone()),
        };
        reader.end(device)
    }
}

/// 8–64 visible characters of ASCII (218).
fn is_secret(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
