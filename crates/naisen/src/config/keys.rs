//! Every key with its default and rule; `check-config` and the guide are made from this table.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A path; relative ones start at the folder of the file.
    Path,
    /// A number with unit: `500ms`, `10s`, `5min`.
    Span,
    /// A list of `ADDRESS:PORT`; empty = off; port 0 lets the kernel choose.
    Listeners,
    /// One `ADDRESS:PORT`; empty = off.
    Listener,
    /// An IP address or `auto`.
    Address,
    /// `FIRST-LAST` with FIRST even and at least 4 ports.
    Ports,
    /// `auto` or `relay`.
    MediaPath,
    /// A number with unit `KiB`, `MiB` or `GiB`; `0` = none.
    Size,
    /// `sqlite`.
    Database,
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// `table.key`.
    pub(crate) name: &'static str,
    /// As it would stand in the file.
    pub(crate) default: &'static str,
    pub(crate) rule: Rule,
    /// The capability is not in this version: accepted, named, without effect.
    pub(crate) later: bool,
}

const fn key(name: &'static str, default: &'static str, rule: Rule) -> Key {
    Key { name, default, rule, later: false }
}

const fn later(name: &'static str, default: &'static str, rule: Rule) -> Key {
    Key { name, default, rule, later: true }
}

/// All keys, in the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
    key("node.data", "\"./naisen-data\"", Rule::Path),
    key("node.drain", "\"10s\"", Rule::Span),
    key("sip.udp", "[\"0.0.0.0:5060\"]", Rule::Listeners),
    key("sip.tcp", "[\"0.0.0.0:5060\"]", Rule::Listeners),
    key("sip.tls", "[\"0.0.0.0:5061\"]", Rule::Listeners),
    key("media.address", "\"auto\"", Rule::Address),
    key("media.ports", "\"16384-32767\"", Rule::Ports),
    key("media.path", "\"auto\"", Rule::MediaPath),
    key("journal.size", "\"1GiB\"", Rule::Size),
    key("portal.closed", "\"127.0.0.1:8080\"", Rule::Listener),
    later("portal.internet", "\"\"", Rule::Listener),
    later("phones.listen", "\"0.0.0.0:8090\"", Rule::Listener),
    key("metrics.listen", "\"127.0.0.1:9090\"", Rule::Listener),
    key("database.url", "\"sqlite\"", Rule::Database),
];

impl Rule {
    /// The rule in words, (Japanese, English).
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Rule::Path => ("フォルダーのパス", "a path to a folder"),
            Rule::Span => (
                "単位付きの時間(例 \"10s\"、\"500ms\"、\"5min\")",
                "a time with unit, such as \"10s\", \"500ms\", \"5min\"",
            ),
            Rule::Listeners => (
                "「アドレス:ポート」の一覧(例 [\"0.0.0.0:5060\"]、[] = 使わない)",
                "a list of ADDRESS:PORT, such as [\"0.0.0.0:5060\"]; [] = off",
            ),
            Rule::Listener => (
                "「アドレス:ポート」(例 \"127.0.0.1:8080\"、\"\" = 使わない)",
                "ADDRESS:PORT, such as \"127.0.0.1:8080\"; \"\" = off",
            ),
            Rule::Address => ("IPアドレスまたは \"auto\"", "an IP address or \"auto\""),
            Rule::Ports => (
                "「最初-最後」のポート範囲(最初は1024以上の偶数、4個以上)",
                "a port range FIRST-LAST; FIRST even and at least 1024, at least 4 ports",
            ),
            Rule::MediaPath => ("\"auto\" または \"relay\"", "\"auto\" or \"relay\""),
            Rule::Size => (
                "単位付きの大きさ(例 \"1GiB\"、\"64MiB\"、\"0\" = 記録しない)",
                "a size with unit, such as \"1GiB\", \"64MiB\"; \"0\" = none",
            ),
            Rule::Database => {
                ("\"sqlite\"(この版では他は使えません)", "\"sqlite\" (this version has no other)")
            }
        }
    }
}
