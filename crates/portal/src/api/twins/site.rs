//! Sites as JSON (R063, R083, R086, R283, R291).

use std::collections::BTreeMap;

use app::service::Problem;
use base::id::{GatewayId, SiteId};
use base::{Dn, Uuid};
use model::{
    CodeKind, EmergencyRoute, HoldAgain, MediaPath, Site, SiteCode, SiteMusic, Snapshot, Tones,
};
use serde::{Deserialize, Serialize};

use super::wording::{self, WordedTwin};
use super::{LANGUAGES, OUTSIDE, OUTSIDE_WORDS, Reader, SPOKEN, destination_text, word_of};
use crate::api::noun::{Cx, Twin};
use crate::api::shape::{Kind, Shape, may, must, told};

const TONES: [(&str, Tones); 2] = [("pass", Tones::Pass), ("mute", Tones::Mute)];
const HOLD: [(&str, HoldAgain); 2] = [("toggle", HoldAgain::Toggle), ("drop", HoldAgain::Drop)];
const PATHS: [(&str, MediaPath); 2] = [("auto", MediaPath::Auto), ("relay", MediaPath::Relay)];
const CODES: &[&str] = &["hold", "dial-confirm", "push-tone-send", "park"];

const ROUTE: &Shape = &Shape {
    name: "EmergencyRoute",
    about: "A way out for emergency calls of a site.",
    fields: &[
        must("gateway", Kind::Id, "A gateway that stands at the site."),
        must("number", Kind::Text(10, 11), "Number of its line, always shown; none of 050."),
        may(
            "called_as",
            Kind::Null(&Kind::Extension),
            "What the gateway dials inside when the number is called; null = the number.",
        ),
    ],
};

const SHAPE: &Shape = &Shape {
    name: "Site",
    about: "A site with its SIP domain.",
    fields: &[
        told("id", Kind::Id, "Durable id."),
        must("domain", Kind::Text(1, 253), "SIP and login domain, its key."),
        must("name", Kind::Text(1, 64), "Its name."),
        may("media_path", Kind::OneOf(&["auto", "relay"]), "Way of the audio; default auto."),
        may(
            "number",
            Kind::Null(&Kind::Text(2, 4)),
            "Site number: 2 to 4 digits of which the first is 2-9; an extension follows.",
        ),
        may(
            "codes",
            Kind::Map(CODES, &Kind::Text(1, 7)),
            "Codes of calls: \"inherit\" for the company's, \"off\", or characters of its own.",
        ),
        may("tones", Kind::OneOf(&["pass", "mute"]), "Push tones to outside; default pass."),
        may(
            "hold_again",
            Kind::OneOf(&["toggle", "drop"]),
            "What the hold code does once the target has answered; default toggle.",
        ),
        may("forward_outside", Kind::OneOf(OUTSIDE_WORDS), "Forwards to outside numbers."),
        may("transfer_outside", Kind::OneOf(OUTSIDE_WORDS), "Outside callers sent outside."),
        may("park_s", Kind::Number(30, 600), "Seconds until a parked call rings back; 90."),
        may("park_overflow", Kind::Null(&Kind::Destination), "When its parker is away too."),
        may("voicemail_without_pin", Kind::Flag, "From own terminals; default true."),
        may(
            "voicemail_at",
            Kind::Null(&Kind::Extension),
            "A virtual number of the site that opens mailboxes by number and PIN, to callers from \
             outside too; null = none.",
        ),
        may(
            "music",
            Kind::Text(1, 36),
            "What those on hold hear: \"inherit\" for the company's, \"built-in\", or the id of a \
             sound; default inherit.",
        ),
        may(
            "language",
            Kind::Null(&Kind::OneOf(LANGUAGES)),
            "Language of announcements; null = the company's.",
        ),
        may("wording", wording::KIND, "Words and tones unlike the company's; default none."),
        may(
            "emergency",
            Kind::List(&Kind::Object(ROUTE), 8),
            "Ways out for 110, 118 and 119, in order; default none, and no such call is possible.",
        ),
        may(
            "outside_pair_min",
            Kind::Number(10, 600),
            "Minutes that two outside parties may talk whom a transfer connected; default 60.",
        ),
        may(
            "access_channels",
            Kind::Null(&Kind::Number(0, 65_535)),
            "Calls at once whose audio crosses the access line; null, the default, = uncounted.",
        ),
        may(
            "has_exchange",
            Kind::Flag,
            "The exchange stands inside: only audio of others crosses the access line; default \
             false.",
        ),
    ],
};

#[derive(Serialize, Deserialize)]
pub(crate) struct SiteTwin {
    id: String,
    domain: String,
    name: String,
    media_path: String,
    number: Option<String>,
    codes: BTreeMap<String, String>,
    tones: String,
    hold_again: String,
    forward_outside: String,
    transfer_outside: String,
    park_s: u16,
    park_overflow: Option<String>,
    voicemail_without_pin: bool,
    voicemail_at: Option<String>,
    music: String,
    language: Option<String>,
    wording: Vec<WordedTwin>,
    emergency: Vec<RouteTwin>,
    outside_pair_min: u16,
    access_channels: Option<u16>,
    has_exchange: bool,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct RouteTwin {
    gateway: String,
    number: String,
    called_as: Option<String>,
}

impl RouteTwin {
    fn of(route: &EmergencyRoute) -> Self {
        RouteTwin {
            gateway: route.gateway.to_string(),
            number: route.shown.text(),
            called_as: route.back.map(Dn::text),
        }
    }

    fn route(&self, reader: &mut Reader, at: usize) -> Option<EmergencyRoute> {
        let field = |name| format!("emergency.{at}.{name}");
        let gateway = Uuid::parse(&self.gateway).map(GatewayId);
        if gateway.is_none() {
            reader.fail(Problem::new(238, &field("gateway"), &self.gateway));
        }
        let shown = Dn::parse(&self.number).ok();
        if shown.is_none() {
            reader.fail(Problem::new(212, &field("number"), &self.number));
        }
        let back = self.called_as.as_deref().and_then(|text| Dn::parse(text).ok());
        Some(EmergencyRoute { gateway: gateway?, shown: shown?, back })
    }
}

impl Twin for SiteTwin {
    type Of = Site;
    const PATH: &'static str = "sites";
    const SHAPE: &'static Shape = SHAPE;

    fn of(site: &Site, _: &Snapshot) -> Self {
        let code = |kind| match site.code(kind) {
            SiteCode::Inherit => "inherit".to_owned(),
            SiteCode::Off => "off".to_owned(),
            SiteCode::Own(code) => code.to_string(),
        };
        SiteTwin {
            id: site.id.to_string(),
            domain: site.domain.to_string(),
            name: site.name.to_string(),
            media_path: word_of(&PATHS, &site.media_path),
            number: site.number.as_deref().map(str::to_owned),
            codes: CodeKind::OF_CALL.iter().map(|k| (k.name().to_owned(), code(*k))).collect(),
            tones: word_of(&TONES, &site.tones),
            hold_again: word_of(&HOLD, &site.hold_again),
            forward_outside: word_of(&OUTSIDE, &site.forward_outside),
            transfer_outside: word_of(&OUTSIDE, &site.transfer_outside),
            park_s: site.park_s,
            park_overflow: destination_text(site.park_overflow.as_ref()),
            voicemail_without_pin: site.voicemail_without_pin,
            voicemail_at: site.voicemail_at.map(Dn::text),
            music: match site.music {
                SiteMusic::Inherit => "inherit".to_owned(),
                SiteMusic::BuiltIn => "built-in".to_owned(),
                SiteMusic::Own(id) => id.to_string(),
            },
            language: site.spoken.map(|s| word_of(&SPOKEN, &s)),
            wording: WordedTwin::all(&site.wording),
            emergency: site.emergency.iter().map(RouteTwin::of).collect(),
            outside_pair_min: site.outside_pair_min,
            access_channels: site.access_channels,
            has_exchange: site.has_exchange,
        }
    }

    fn blank(cx: &Cx<'_>) -> Option<Self> {
        Some(SiteTwin::of(&Site::new(SiteId(cx.id), cx.tenant, "", ""), cx.snapshot))
    }

    fn object(self, cx: &Cx<'_>, old: Option<&Site>) -> Result<Site, Vec<Problem>> {
        let mut reader = Reader::default();
        let id = old.map_or(SiteId(cx.id), |o| o.id);
        let voicemail_at = match &self.voicemail_at {
            Some(text) => Some(reader.dn("voicemail_at", text)?),
            None => None,
        };
        let routes = self.emergency.iter().enumerate();
        let emergency = routes.filter_map(|(at, r)| r.route(&mut reader, at)).collect();
        let mut site = Site {
            media_path: reader.word(&PATHS, &self.media_path),
            number: self.number.map(Into::into),
            tones: reader.word(&TONES, &self.tones),
            hold_again: reader.word(&HOLD, &self.hold_again),
            forward_outside: reader.word(&OUTSIDE, &self.forward_outside),
            transfer_outside: reader.word(&OUTSIDE, &self.transfer_outside),
            park_s: self.park_s,
            park_overflow: reader.destination("park_overflow", self.park_overflow.as_deref()),
            voicemail_without_pin: self.voicemail_without_pin,
            voicemail_at,
            music: reader.music(&self.music),
            spoken: self.language.as_deref().map(|word| reader.word(&SPOKEN, word)),
            wording: wording::read(&mut reader, &self.wording),
            emergency,
            outside_pair_min: self.outside_pair_min,
            access_channels: self.access_channels,
            has_exchange: self.has_exchange,
            ..Site::new(id, cx.tenant, &self.domain, &self.name)
        };
        for (name, text) in &self.codes {
            let Some(kind) = CodeKind::of_name(name) else { continue };
            let code = match text.as_str() {
                "inherit" => SiteCode::Inherit,
                "off" => SiteCode::Off,
                text => match kind.parse(text) {
                    Ok(code) => SiteCode::Own(code),
                    Err(_) => {
                        reader.fail(Problem::new(251, &format!("codes.{name}"), text));
                        continue;
                    }
                },
            };
            site.set_code(kind, code);
        }
        reader.end(site)
    }
}
