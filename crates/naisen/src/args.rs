//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Language of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Lang {
    /// The text of this language.
    pub(crate) fn pick<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    /// The language as the catalogue knows it.
    pub(crate) fn app(self) -> app::Lang {
        match self {
            Lang::Ja => app::Lang::Ja,
            Lang::En => app::Lang::En,
        }
    }
}

/// Naisen, a business phone exchange.
#[derive(Debug, Parser)]
#[command(name = "naisen", version, about, long_about = None)]
pub(crate) struct Args {
    /// Configuration file; without it naisen.toml in the current folder, else the defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Language of the output.
    #[arg(long, global = true, value_enum, default_value_t = Lang::Ja)]
    pub(crate) lang: Lang,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do; `serve` when nothing is given.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node.
    Serve,
    /// Run a sample company on loopback, made anew at each start.
    Demo {
        /// Address of the listeners.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
        listen: std::net::IpAddr,
        /// End after the first call; exit status 0 only if it passed.
        #[arg(long)]
        check: bool,
    },
    /// Make a tenant with one site and an administrator.
    Init {
        /// SIP domain of the first site; also the name in the login form.
        #[arg(long, value_name = "DOMAIN")]
        tenant: String,
        /// Name of the company.
        #[arg(long)]
        name: String,
        /// User name of the administrator.
        #[arg(long, value_name = "USER")]
        admin: String,
        /// Numbering plan and defaults.
        #[arg(long, value_enum, default_value_t = Preset::Officelink)]
        preset: Preset,
    },
    /// Import a file.
    Import {
        /// extensions, extension-deletions, mobile-lines, pickup-groups, hunting-groups or
        /// departments.
        kind: String,
        /// The file (.csv or .xlsx).
        file: PathBuf,
        /// Domain of the tenant.
        #[arg(long, value_name = "DOMAIN")]
        tenant: String,
        /// Check only; nothing is stored.
        #[arg(long)]
        dry_run: bool,
        /// Change what exists instead of refusing it.
        #[arg(long)]
        update: bool,
        /// Where generated secrets go (mode 0600, never overwriting).
        #[arg(long, value_name = "FILE")]
        secrets: Option<PathBuf>,
        /// Overrides what was detected.
        #[arg(long, value_enum)]
        format: Option<Format>,
    },
    /// Export a file.
    Export {
        /// extensions, mobile-lines or history.
        kind: String,
        /// Domain of the tenant.
        #[arg(long, value_name = "DOMAIN")]
        tenant: String,
        /// One day of the history: YYYY/MM/DD, YYYY-MM-DD or YYYYMMDD.
        #[arg(long, value_name = "DAY")]
        date: Option<String>,
        /// With header and our own columns.
        #[arg(long)]
        standard: bool,
        /// Encoding or kind of file; Windows-31J without it.
        #[arg(long, value_enum)]
        format: Option<Format>,
        /// Where to write; a name that ends in / makes the daily files of the history.
        #[arg(short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Make, list or revoke tokens of the API.
    Token {
        /// Domain of the tenant.
        #[arg(long, value_name = "DOMAIN")]
        tenant: String,
        /// Name of the token in the audit trail.
        #[arg(long, default_value = "api")]
        name: String,
        /// administrator, or operator: also options, quota.
        #[arg(long, default_value = "administrator")]
        role: String,
        /// Days until it ends; 0 = never.
        #[arg(long, default_value_t = app::token::DAYS)]
        days: u32,
        /// List the tokens instead of making one.
        #[arg(long, conflicts_with = "revoke")]
        list: bool,
        /// Revoke a token instead of making one.
        #[arg(long, value_name = "ID")]
        revoke: Option<String>,
    },
    /// Say where a call would go now, and why, without making it.
    Explain {
        /// Extension of the caller.
        #[arg(long, value_name = "EXTENSION", required_unless_present = "line")]
        from: Option<String>,
        /// The line by which somebody outside calls, by its identification number.
        #[arg(long, value_name = "CODE", conflicts_with = "from")]
        line: Option<String>,
        /// What is dialled; without it the number of the line.
        #[arg(long, value_name = "NUMBER", required_unless_present = "line")]
        to: Option<String>,
        /// Date and time in Tokyo, "2026-07-01 20:30", instead of now. Registrations and calls
        /// are those of now.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Domain of the tenant.
        #[arg(long, value_name = "DOMAIN")]
        tenant: String,
        /// What a number does when it rings (may be given several times): answers, no-answer,
        /// busy, declines or unreachable. Others do not answer.
        #[arg(long, value_name = "EXTENSION=WHAT")]
        assume: Vec<String>,
    },
    /// Check the configuration and say where each value comes from.
    CheckConfig,
    /// Run a journal through a node and compare the outputs.
    Replay {
        /// A journal segment or the journal folder.
        file: PathBuf,
    },
}

/// Numbering plan and defaults of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// 2 to 15 digits, first 2 to 9.
    Officelink,
    /// 1 to 7 digits.
    Cloudphone,
}

/// Encoding or kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Windows-31J.
    Sjis,
    /// UTF-8, written with BOM.
    Utf8,
    /// Excel.
    Xlsx,
}
