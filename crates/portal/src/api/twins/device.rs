//! Terminals as JSON (R088, R235, R251). Secrets are neither read nor written here.

use app::service::Problem;
use model::{Device, DeviceKind, Snapshot, SrtpPolicy};
use serde::{Deserialize, Serialize};

use super::{Reader, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, told};

const KINDS: [(&str, DeviceKind); 2] =
    [("mobile", DeviceKind::Mobile), ("sip-phone", DeviceKind::SipPhone)];
const SRTP: [(&str, SrtpPolicy); 3] =
    [("auto", SrtpPolicy::Auto), ("required", SrtpPolicy::Required), ("off", SrtpPolicy::Off)];

const SHAPE: &Shape = &Shape {
    name: "Device",
    about: "A terminal.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        told("sip_id", Kind::Text(1, 32), "SIP id, its key."),
        told("kind", Kind::OneOf(&["mobile", "sip-phone"]), "What it is."),
        told("site", Kind::Id, "Where it stands."),
        told("extension", Kind::Null(&Kind::Extension), "Number of its user; null = unused."),
        may("label", Kind::Text(0, 64), "Label of its own."),
        may("srtp", Kind::OneOf(&["auto", "required", "off"]), "Protection of its audio."),
        may("do_not_disturb", Kind::Flag, "Is not rung and counts as busy."),
        may("accepts_tones", Kind::Flag, "Gets push tones of other extensions: a door phone."),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceTwin {
    id: String,
    sip_id: String,
    kind: String,
    site: String,
    extension: Option<String>,
    label: String,
    srtp: String,
    do_not_disturb: bool,
    accepts_tones: bool,
}

impl Twin for DeviceTwin {
    type Of = Device;
    const PATH: &'static str = "devices";
    const SHAPE: &'static Shape = SHAPE;

    fn of(device: &Device, snapshot: &Snapshot) -> Self {
        let user = device.user.and_then(|id| snapshot.user(id));
        DeviceTwin {
            id: device.id.to_string(),
            sip_id: device.sip_id.to_string(),
            kind: word_of(&KINDS, &device.kind),
            site: device.site.to_string(),
            extension: user.map(|u| u.dn.text()),
            label: device.label.to_string(),
            srtp: word_of(&SRTP, &device.srtp),
            do_not_disturb: device.do_not_disturb,
            accepts_tones: device.accepts_tones,
        }
    }

    fn object(self, _: &Cx<'_>, old: Option<&Device>) -> Result<Device, Vec<Problem>> {
        let old = old.ok_or_else(Vec::new)?;
        let reader = Reader::default();
        let device = Device {
            label: self.label.into(),
            srtp: reader.word(&SRTP, &self.srtp),
            do_not_disturb: self.do_not_disturb,
            accepts_tones: self.accepts_tones,
            ..old.clone()
        };
        reader.end(device)
    }
}
