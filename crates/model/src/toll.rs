//! 発信規制: which numbers outside may be called, by whom (J60, R227).
//!
//! | Kind | Begins with | Needs |
//! |---|---|---|
//! | disaster messages | 171, whole | nothing: it is never barred |
//! | services, free numbers | 1XY, whole; 0120, 0800 | class 国内 |
//! | fixed, IP, FMC, other | 0 and 1–9; 050, 0600, 0170, 0180 | class 国内 |
//! | mobile | 060, 070, 080, 090 | class 携帯 |
//! | shared cost, premium, machines, connections | 0570; 0990; 020; 091 | class 特殊, opened |
//! | carrier code | 00XY, 002YZ, 0091XY | class 特殊, opened; and what follows |
//! | satellites | 010 and 870, 881, 882, 883 | class 国際, opened |
//! | abroad | 010 | class 国際, the country opened |
//!
//! A class permits what those before it permit. What is opened is the company's: with nothing
//! opened 010, 0990, 0570 and satellites are denied to everybody.

use base::Dn;
use base::id::TenantId;

use crate::snapshot::{DnOwner, Snapshot};

/// 発信規制クラス of a number or department, in order: each permits what those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TollClass {
    /// 内線のみ: no call outside but to 171 and emergency numbers.
    Internal,
    /// 国内: all numbers of the country but mobile and charged ones.
    Domestic,
    /// 携帯: mobile numbers too.
    Mobile,
    /// 特殊: charged services too that the company has opened.
    Special,
    /// 国際: countries and satellites too that the company has opened.
    #[default]
    International,
}

impl TollClass {
    /// Every variant; the index of each is its number in stores and byte forms.
    pub const ALL: [TollClass; 5] = [
        TollClass::Internal,
        TollClass::Domestic,
        TollClass::Mobile,
        TollClass::Special,
        TollClass::International,
    ];

    /// Stable name for files and programs, for example `internal`.
    pub const fn name(self) -> &'static str {
        match self {
            TollClass::Internal => "internal",
            TollClass::Domestic => "domestic",
            TollClass::Mobile => "mobile",
            TollClass::Special => "special",
            TollClass::International => "international",
        }
    }

    /// The class of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        TollClass::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// What a company opens one by one; everything is closed by default (J60).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charged {
    /// 0570.
    SharedCost,
    /// 0990.
    Premium,
    /// 020: machines and pagers.
    Machine,
    /// 091: special connections.
    Connection,
    /// 00XY, 002YZ, 0091XY before a number.
    Carrier,
    /// 010 and 870, 881, 882 or 883.
    Satellite,
}

impl Charged {
    /// Every variant; the index of each is its bit.
    pub const ALL: [Charged; 6] = [
        Charged::SharedCost,
        Charged::Premium,
        Charged::Machine,
        Charged::Connection,
        Charged::Carrier,
        Charged::Satellite,
    ];

    /// Stable name for files and programs, for example `shared-cost`.
    pub const fn name(self) -> &'static str {
        match self {
            Charged::SharedCost => "shared-cost",
            Charged::Premium => "premium",
            Charged::Machine => "machine",
            Charged::Connection => "connection",
            Charged::Carrier => "carrier",
            Charged::Satellite => "satellite",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Charged::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// The rules of a company.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TollRules {
    /// Class of numbers that have none of their own, nor by their department.
    pub class: TollClass,
    /// What is opened; one bit for each of [`Charged::ALL`].
    opened: u8,
    /// Country codes that are opened, each with the digits of an area or none: `44`, `1`, `1808`.
    pub countries: Box<[Box<str>]>,
}

/// What a number outside is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind<'t> {
    /// 171.
    Disaster,
    Domestic,
    Mobile,
    Charged(Charged),
    /// The digits after 010.
    Abroad(&'t str),
}

/// Prefixes of national numbers, the longest one counts; a number that fits none is domestic.
const NATIONAL: [(&str, Kind<'static>); 15] = [
    ("020", Kind::Charged(Charged::Machine)),
    ("0570", Kind::Charged(Charged::SharedCost)),
    ("0600", Kind::Domestic),
    ("060", Kind::Mobile),
    ("070", Kind::Mobile),
    ("0800", Kind::Domestic),
    ("080", Kind::Mobile),
    ("090", Kind::Mobile),
    ("091", Kind::Charged(Charged::Connection)),
    ("0990", Kind::Charged(Charged::Premium)),
    // Nothing national begins so: what a carrier code left.
    ("00", Kind::Charged(Charged::Carrier)),
    ("0120", Kind::Domestic),
    ("0170", Kind::Domestic),
    ("0180", Kind::Domestic),
    ("050", Kind::Domestic),
];

/// Country codes of satellites and of networks without a country.
const SATELLITES: [&str; 4] = ["870", "881", "882", "883"];

/// Country codes of two digits; those of one are 1 and 7, all others have three (ITU-T E.164).
const TWO: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65",
    "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

impl TollRules {
    /// Most countries and areas that are opened.
    pub const COUNTRIES_MAX: usize = 300;

    /// Whether something charged is opened.
    pub fn is_open(&self, what: Charged) -> bool {
        self.opened & (1 << what as u8) != 0
    }

    /// Opens or closes something charged.
    pub fn set_open(&mut self, what: Charged, open: bool) {
        let bit = 1 << what as u8;
        self.opened = if open { self.opened | bit } else { self.opened & !bit };
    }

    /// What is opened, in order.
    pub fn opened(&self) -> impl Iterator<Item = Charged> {
        Charged::ALL.into_iter().filter(|what| self.is_open(*what))
    }

    /// Whether a class may call the digits, which begin with 0 or 1.
    pub fn permits(&self, class: TollClass, digits: &str) -> bool {
        let (by_carrier, number) = strip_carrier(digits);
        if by_carrier && !(class >= TollClass::Special && self.is_open(Charged::Carrier)) {
            return false;
        }
        match kind(number) {
            Kind::Disaster => true,
            Kind::Domestic => class >= TollClass::Domestic,
            Kind::Mobile => class >= TollClass::Mobile,
            Kind::Charged(what @ Charged::Satellite) => {
                class >= TollClass::International && self.is_open(what)
            }
            Kind::Charged(what) => class >= TollClass::Special && self.is_open(what),
            Kind::Abroad(number) => {
                let opened = self.countries.iter().any(|c| number.starts_with(&**c));
                class >= TollClass::International && opened
            }
        }
    }

    /// As text: class, what is opened and the countries, parted by `;` and by commas.
    pub fn text(&self) -> String {
        let opened: Vec<&str> = self.opened().map(Charged::name).collect();
        format!("{};{};{}", self.class.name(), opened.join(","), self.countries.join(","))
    }

    /// Reads what [`TollRules::text`] wrote; an empty text is the default.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rules = TollRules::default();
        if text.is_empty() {
            return Some(rules);
        }
        let mut parts = text.split(';');
        rules.class = TollClass::of_name(parts.next()?)?;
        for name in parts.next()?.split(',').filter(|name| !name.is_empty()) {
            rules.set_open(Charged::of_name(name)?, true);
        }
        let countries = parts.next()?.split(',').filter(|code| !code.is_empty());
        rules.countries = countries.map(Box::from).collect();
        let bounded = rules.countries.len() <= TollRules::COUNTRIES_MAX;
        (bounded && parts.next().is_none()).then_some(rules)
    }
}

/// Whether text is a country code with or without the first digits of an area, up to 7 in all;
/// codes of satellites are opened by [`Charged::Satellite`].
pub fn is_country(text: &str) -> bool {
    let digits = (1..=7).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let zone = text.bytes().next().is_some_and(|b| b != b'0');
    digits && zone && text.len() >= country_len(text) && !is_satellite(text)
}

/// How many digits the country code has that a number begins with.
fn country_len(number: &str) -> usize {
    if number.starts_with(['1', '7']) {
        1
    } else if TWO.iter().any(|code| number.starts_with(code)) {
        2
    } else {
        3
    }
}

fn is_satellite(number: &str) -> bool {
    SATELLITES.iter().any(|code| number.starts_with(code))
}

/// The number behind a carrier code, and whether there is one.
fn strip_carrier(digits: &str) -> (bool, &str) {
    let len = match digits {
        d if d.starts_with("0091") => 6,
        d if d.starts_with("002") => 5,
        d if d.starts_with("00") => 4,
        _ => return (false, digits),
    };
    (true, digits.get(len..).unwrap_or_default())
}

fn kind(number: &str) -> Kind<'_> {
    if number == "171" {
        return Kind::Disaster;
    }
    if let Some(abroad) = number.strip_prefix("010") {
        let satellite = is_satellite(abroad);
        return if satellite { Kind::Charged(Charged::Satellite) } else { Kind::Abroad(abroad) };
    }
    let fits = NATIONAL.iter().filter(|(prefix, _)| number.starts_with(prefix));
    fits.max_by_key(|(prefix, _)| prefix.len()).map_or(Kind::Domestic, |(_, kind)| *kind)
}

impl Snapshot {
    /// The class by which a number calls outside: its own, else that of the first department of
    /// its person that has one, else the company's; the company's for a terminal without number.
    pub fn toll_class(&self, tenant: TenantId, dn: Option<Dn>) -> TollClass {
        let company = || self.tenant(tenant).map(|t| t.toll.class).unwrap_or_default();
        let own = dn.and_then(|dn| self.own_toll_class(tenant, dn));
        own.unwrap_or_else(company)
    }

    fn own_toll_class(&self, tenant: TenantId, dn: Dn) -> Option<TollClass> {
        let set = self.dn_settings(tenant, dn).and_then(|s| s.toll);
        let of = |id| self.department(id).and_then(|d| d.toll);
        set.or_else(|| match self.dn_owner(tenant, dn)? {
            DnOwner::User(id) => self.departments_of(id).iter().find_map(|id| of(*id)),
            DnOwner::Department(id) => of(id),
            DnOwner::Hunt(number) => self.hunt_group(tenant, number).and_then(|g| g.toll),
            DnOwner::Virtual(_) | DnOwner::ParkSlot(_) => None,
        })
    }

    /// Whether a number, or a terminal without one, may call digits outside.
    pub fn permits_toll(&self, tenant: TenantId, dn: Option<Dn>, digits: &str) -> bool {
        let class = self.toll_class(tenant, dn);
        self.tenant(tenant).is_some_and(|t| t.toll.permits(class, digits))
    }
}
