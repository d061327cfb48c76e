//! 回線: a number of the public network that a gateway carries, who may use it, and where its
//! calls go (R211, R231, R232, R300–R304).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use base::Dn;
use base::id::{GatewayId, LineId, SiteId, SoundId, TenantId, UserId, Uuid};

use crate::index::hash_of;
use crate::numbers::of_tenant;
use crate::reception::Reception;
use crate::{Gateway, Options, Snapshot, TenantOption};

/// A line. Which people may use it stands here and nowhere else, so that the lists of a person
/// (R211) and those of the line (R232) cannot disagree. People who are gone may still be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Durable id.
    pub id: LineId,
    /// Whose.
    pub tenant: TenantId,
    /// 識別番号: 1–6 digits, unique in the tenant; dialled after the line-select code (R303).
    pub code: Dn,
    /// 回線名, 1–64 characters.
    pub name: Box<str>,
    /// 回線番号 as dialled in the country, beginning with 0: 10 or 11 digits as a rule (J02),
    /// unique in the tenant.
    pub number: Dn,
    /// Which gateway carries it; the channels are the gateway's.
    pub gateway: GatewayId,
    /// Dial prefix of its own, of the shape of a gateway's; `None` = none (R303).
    pub prefix: Option<Box<str>>,
    /// 予備回線: takes its place when all channels are in use (R302).
    pub reserve: Option<LineId>,
    /// 着信許可 (R301).
    pub receive: Receive,
    /// People of whom this is a 着信回線.
    pub receivers: Box<[UserId]>,
    /// People of whom this is a 発信回線.
    pub callers: Box<[UserId]>,
    /// People of whom this is the ユーザ固有初期回線; a person has at most one.
    pub initial_of: Box<[UserId]>,
    /// 共通初期回線: at most one line of a tenant.
    pub common: bool,
    /// 着信先 in business hours.
    pub day: Inbound,
    /// 着信先 outside of them; `None` = the same.
    pub night: Option<Inbound>,
}

impl Line {
    /// Digits of a 識別番号.
    pub const CODE_LEN: RangeInclusive<usize> = 1..=6;
    /// Digits of a 回線番号.
    pub const NUMBER_LEN: RangeInclusive<usize> = 3..=15;
    /// Seconds that registered people ring.
    pub const RING_S: RangeInclusive<u16> = 5..=600;

    /// A line that nobody may call out on, and that rings the people registered for it.
    pub fn new(id: LineId, (tenant, gateway): (TenantId, GatewayId), code: Dn, number: Dn) -> Self {
        Line {
            id,
            tenant,
            code,
            name: number.text().into(),
            number,
            gateway,
            prefix: None,
            reserve: None,
            receive: Receive::Everyone,
            receivers: Box::default(),
            callers: Box::default(),
            initial_of: Box::default(),
            common: false,
            day: Inbound::default(),
            night: None,
        }
    }

    /// The same, where those whose initial line it is may call out on it (R210).
    #[must_use]
    pub fn settled(self) -> Self {
        let callers: BTreeSet<UserId> = self.callers.iter().copied().collect();
        let lacking = self.initial_of.iter().filter(|id| !callers.contains(id));
        let callers = self.callers.iter().chain(lacking).copied().collect();
        Line { callers, ..self }
    }

    /// Where its calls go.
    pub fn inbound(&self, is_night: bool) -> &Inbound {
        self.night.as_ref().filter(|_| is_night).unwrap_or(&self.day)
    }

    /// Both rules for calls that come in.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Inbound> {
        std::iter::once(&self.day).chain(&self.night)
    }
}

/// 着信許可: whom calls of a line may ring; forwards and pickup are not bound by it (R301).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Receive {
    /// 全員.
    #[default]
    Everyone,
    /// 登録ユーザ: people with this 着信回線.
    Registered,
}

impl Receive {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [Receive; 2] = [Receive::Everyone, Receive::Registered];
}

/// 着信先 of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inbound {
    /// 登録ユーザ: all people with this 着信回線 ring together.
    Registered {
        /// For so many seconds: 5–600, default 120.
        ring_s: u16,
        /// あふれ先 when nobody takes the call.
        overflow: Option<LineTarget>,
    },
    /// One destination.
    To(LineTarget),
}

impl Default for Inbound {
    fn default() -> Self {
        Inbound::Registered { ring_s: 120, overflow: None }
    }
}

/// A single destination of calls that come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineTarget {
    /// Any number of the company. Whether it exists is seen when a call comes.
    Dn(Dn),
    /// An announcement, then the call ends: an own sound, or the standard sentence. At most 30 s
    /// of it are heard.
    Announcement(Option<SoundId>),
}

impl LineTarget {
    /// Stable text for stores, byte forms and the API: `2001`, `announcement`,
    /// `announcement:` with the id of a sound.
    pub fn text(self) -> String {
        match self {
            LineTarget::Dn(dn) => dn.text(),
            LineTarget::Announcement(None) => "announcement".to_owned(),
            LineTarget::Announcement(Some(id)) => format!("announcement:{id}"),
        }
    }

    /// Reads what [`LineTarget::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("announcement", id)) => {
                let id = Uuid::parse(id).filter(|_| id.len() == 36)?;
                Some(LineTarget::Announcement(Some(SoundId(id))))
            }
            Some(_) => None,
            None if text == "announcement" => Some(LineTarget::Announcement(None)),
            None => Dn::parse(text).ok().map(LineTarget::Dn),
        }
    }

    /// The sound that it plays.
    pub(crate) fn sound(self) -> Option<SoundId> {
        match self {
            LineTarget::Announcement(sound) => sound,
            LineTarget::Dn(_) => None,
        }
    }
}

impl Inbound {
    /// Stable text for stores and byte forms: `registered 120`, `registered 120 2001`, or a
    /// [`LineTarget::text`].
    pub fn text(self) -> String {
        match self {
            Inbound::Registered { ring_s, overflow: None } => format!("registered {ring_s}"),
            Inbound::Registered { ring_s, overflow: Some(to) } => {
                format!("registered {ring_s} {}", to.text())
            }
            Inbound::To(to) => to.text(),
        }
    }

    /// Reads what [`Inbound::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        if words.next()? != "registered" {
            return LineTarget::parse(text).map(Inbound::To);
        }
        let ring_s = words.next()?.parse().ok()?;
        let overflow = match words.next() {
            Some(word) => Some(LineTarget::parse(word)?),
            None => None,
        };
        Some(Inbound::Registered { ring_s, overflow })
    }

    /// The destination or あふれ先, if it has one.
    pub(crate) fn target(self) -> Option<LineTarget> {
        match self {
            Inbound::Registered { overflow, .. } => overflow,
            Inbound::To(to) => Some(to),
        }
    }
}

impl Snapshot {
    /// A line.
    pub fn line(&self, id: LineId) -> Option<&Line> {
        self.line_by_id.find(hash_of(&id), |l| l.id == id).map(Arc::as_ref)
    }

    /// The lines of a tenant in order of 識別番号: shorter ones first, then by digits.
    pub fn lines(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &Line> {
        of_tenant(&self.lines, tenant, |l| l.tenant)
    }

    /// The lines in use: none without the option for gateways (R236).
    pub fn active_lines(&self, tenant: TenantId) -> impl Iterator<Item = &Line> {
        let options = self.tenant(tenant).map(|t| t.options).unwrap_or(Options::NONE);
        let active = options.contains(TenantOption::Gateways);
        self.lines(tenant).filter(move |_| active)
    }

    /// The line with this 識別番号.
    pub fn line_by_code(&self, tenant: TenantId, code: Dn) -> Option<&Line> {
        self.lines(tenant).find(|l| l.code == code)
    }

    /// The lines that a gateway carries, in order of 識別番号.
    pub fn lines_of(&self, gateway: &Gateway) -> impl Iterator<Item = &Line> {
        let id = gateway.id;
        self.active_lines(gateway.tenant).filter(move |l| l.gateway == id)
    }

    /// The line of a gateway that a far end means by `text`: digits as dialled in the country, or
    /// with the country's code, hyphens and brackets left out.
    pub fn line_called(&self, gateway: &Gateway, text: &str) -> Option<&Line> {
        let plain: String = text.chars().filter(|c| !"-.() ".contains(*c)).collect();
        let number = Dn::parse(&crate::outside::national(&plain)).ok()?;
        self.lines_of(gateway).find(|l| l.number == number)
    }

    /// 共通初期回線.
    pub fn common_line(&self, tenant: TenantId) -> Option<&Line> {
        self.active_lines(tenant).find(|l| l.common)
    }

    /// ユーザ固有初期回線 of a person.
    pub fn initial_line(&self, user: UserId) -> Option<&Line> {
        self.initial_lines_of.of(user).first().and_then(|id| self.line(*id))
    }

    /// 着信回線 of a person.
    pub fn lines_in(&self, user: UserId) -> &[LineId] {
        self.lines_in.of(user)
    }

    /// 発信回線 of a person.
    pub fn lines_out(&self, user: UserId) -> &[LineId] {
        self.lines_out.of(user)
    }

    /// How lines of a site are answered; `None` = always as in business hours.
    pub fn reception(&self, site: SiteId) -> Option<&Reception> {
        self.reception_by_site.find(hash_of(&site), |r| r.site == site).map(Arc::as_ref)
    }

    /// The receptions of a tenant that are kept.
    pub fn receptions(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &Reception> {
        of_tenant(&self.receptions, tenant, |r| r.tenant)
    }
}
