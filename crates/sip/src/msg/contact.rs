//! Contact as a list (RFC 3261 §20.10, RFC 5626 §4.1).

use std::borrow::Cow;

use super::header::HeaderId;
use super::name_addr::NameAddr;
use super::scan::number;
use super::uri::Uri;
use super::{Items, Msg};

/// The Contact headers of a message.
#[derive(Debug, Clone)]
pub enum Contacts<'a> {
    /// No Contact: a query of bindings.
    None,
    /// `*` alone: all bindings.
    All,
    /// One or more addresses, all of them well formed.
    List(ContactList<'a>),
    /// At least one cannot be read, or `*` stands beside others.
    Malformed,
}

impl<'a> Contacts<'a> {
    /// Reads all of them.
    pub fn of(msg: &'a Msg) -> Self {
        let mut count = 0;
        let mut is_all = false;
        for item in msg.items(HeaderId::Contact) {
            count += 1;
            if item == b"*" {
                is_all = true;
            } else if ContactUri::parse(item).is_none() {
                return Self::Malformed;
            }
        }
        match (count, is_all) {
            (0, _) => Self::None,
            (1, true) => Self::All,
            (_, true) => Self::Malformed,
            (_, false) => Self::List(ContactList(msg.items(HeaderId::Contact))),
        }
    }
}

/// The addresses of [`Contacts::List`], in order.
#[derive(Debug, Clone)]
pub struct ContactList<'a>(Items<'a>);

impl<'a> Iterator for ContactList<'a> {
    type Item = ContactUri<'a>;

    fn next(&mut self) -> Option<ContactUri<'a>> {
        self.0.next().and_then(ContactUri::parse)
    }
}

/// One contact.
#[derive(Debug, Clone, Copy)]
pub struct ContactUri<'a> {
    /// The address and its header parameters.
    pub address: NameAddr<'a>,
    /// Its URI, parsed.
    pub uri: Uri<'a>,
}

impl<'a> ContactUri<'a> {
    /// Reads one element; `None` when malformed.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let address = NameAddr::parse(text)?;
        let uri = address.parsed()?;
        Some(Self { address, uri })
    }

    /// Seconds asked for with `;expires=`; `None` when absent, malformed or out of range, so that
    /// the default applies (RFC 4475 §3.1.2.4).
    pub fn expires(&self) -> Option<u32> {
        self.address.params.value("expires").and_then(number)
    }

    /// Preference 0–1000, from `;q=`; 1000 without.
    pub fn q(&self) -> u16 {
        self.address.params.value("q").and_then(thousandths).unwrap_or(1000)
    }

    /// `+sip.instance` without quotes and brackets: a URN.
    pub fn instance(&self) -> Option<Cow<'a, [u8]>> {
        let text = self.address.params.find("+sip.instance")?.text();
        let strip = |t: &[u8]| -> Option<(usize, usize)> {
            (t.first() == Some(&b'<') && t.last() == Some(&b'>') && t.len() > 2)
                .then(|| (1, t.len() - 1))
        };
        let (from, to) = strip(&text)?;
        match text {
            Cow::Borrowed(text) => Some(Cow::Borrowed(super::scan::cut(text, from, to))),
            Cow::Owned(text) => Some(Cow::Owned(super::scan::cut(&text, from, to).to_vec())),
        }
    }

    /// `reg-id`, 1 to 2³¹−1.
    pub fn reg_id(&self) -> Option<u32> {
        self.address.params.value("reg-id").and_then(number).filter(|n| (1..1 << 31).contains(n))
    }
}

/// `0`, `0.5`, `1.000` and the like as thousandths.
pub(crate) fn thousandths(text: &[u8]) -> Option<u16> {
    let (whole, fraction) = super::scan::split_once(text, b'.').unwrap_or((text, b""));
    if fraction.len() > 3 || !matches!(whole, b"0" | b"1" | b"") {
        return None;
    }
    let mut value = u16::try_from(number(whole).unwrap_or(0)).ok()?;
    for n in 0..3 {
        let digit = fraction.get(n).copied().unwrap_or(b'0');
        value = value * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    (value <= 1000).then_some(value)
}
