//! Emergency calls: 110, 118 and 119, and the ways out that a site has for them (J30–J39).
//!
//! The authority is that of the place of the line, and it calls the number back that it was
//! shown. So each site has gateways of its own, in order, each with the number of its line.

use base::Dn;
use base::id::{GatewayId, Uuid};

use crate::outside::{OutsideClass, class_of};

/// The emergency numbers: police, coast guard, fire and ambulance. No setting takes one away.
pub const NUMBERS: [&str; 3] = ["110", "118", "119"];

/// Whether digits are an emergency number, exactly (J12).
pub fn is_number(digits: &str) -> bool {
    NUMBERS.contains(&digits)
}

/// One way out for emergency calls of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmergencyRoute {
    /// A gateway that stands at the site.
    pub gateway: GatewayId,
    /// The number of its line, which is always shown (J34): a fixed or mobile one of 10 or 11
    /// digits; none of 050 reaches an authority (J32).
    pub shown: Dn,
    /// What the gateway dials inside when that number is called; `None` = the number itself.
    pub back: Option<Dn>,
}

impl EmergencyRoute {
    /// Most ways out of one site.
    pub const MAX: usize = 8;

    /// Whether the number is one that emergency calls may show.
    pub fn is_lawful(&self) -> bool {
        let text = self.shown.text();
        let barred = ["0120", "0170", "0180", "050", "0800"];
        let national = text.starts_with('0') && !text.starts_with("00");
        national
            && matches!(text.len(), 10 | 11)
            && class_of(&text) == OutsideClass::Domestic
            && !barred.iter().any(|with| text.starts_with(with))
    }

    /// Whether a call that a gateway hands in is one to the number.
    pub fn is_called(&self, dialled: &str) -> bool {
        self.back.unwrap_or(self.shown).text() == dialled || self.shown.text() == dialled
    }
}

/// Ways out as text: id, number and what the gateway dials, parted by colons; ways by spaces.
pub fn text(routes: &[EmergencyRoute]) -> String {
    let one = |route: &EmergencyRoute| match route.back {
        Some(back) => format!("{}:{}:{back}", route.gateway, route.shown),
        None => format!("{}:{}", route.gateway, route.shown),
    };
    routes.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads what [`text`] wrote; at most [`EmergencyRoute::MAX`] ways.
pub fn parse(text: &str) -> Option<Box<[EmergencyRoute]>> {
    let one = |text: &str| {
        let mut parts = text.split(':');
        let gateway = GatewayId(Uuid::parse(parts.next()?)?);
        let shown = Dn::parse(parts.next()?).ok()?;
        let back = parts.next().map(Dn::parse).transpose().ok()?;
        parts.next().is_none().then_some(EmergencyRoute { gateway, shown, back })
    };
    let ways = text.split_ascii_whitespace();
    let routes: Option<Box<[EmergencyRoute]>> = ways.map(one).collect();
    routes.filter(|r| r.len() <= EmergencyRoute::MAX)
}
