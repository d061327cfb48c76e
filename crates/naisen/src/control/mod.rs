//! The local socket by which commands reach a running node.
//!
//! One connection is one job: the request as JSON, the input file as bytes, then frames of output
//! until the exit status. The socket is in the data folder (mode 0700), so who may open that
//! folder may give orders.

mod client;
mod frame;
mod server;

pub(crate) use client::{Reached, submit};
pub(crate) use server::{open, serve};

use serde::{Deserialize, Serialize};

/// Name of the socket in the data folder.
pub(crate) const SOCKET: &str = "control.sock";

/// What a command line asks of a node, or does itself when none runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Language of the result: English when true.
    pub(crate) english: bool,
    pub(crate) job: Job,
}

/// The work itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Job {
    Init {
        tenant: String,
        name: String,
        admin: String,
        cloudphone: bool,
        /// First line of standard input; `None` = generate.
        password: Option<String>,
    },
    Import {
        kind: String,
        tenant: String,
        dry_run: bool,
        update: bool,
        format: Option<String>,
        file_name: String,
        /// Generated secrets come as a file of their own.
        secrets_apart: bool,
    },
    Export {
        kind: String,
        tenant: String,
        date: Option<String>,
        standard: bool,
        format: Option<String>,
        /// The daily files of the history, each as a file of its own.
        folder: bool,
    },
    Token {
        tenant: String,
        name: String,
        role: String,
        days: u32,
        list: bool,
        /// Id of a token to be revoked.
        revoke: Option<String>,
    },
    Explain {
        tenant: String,
        /// Extension of the caller; else `line` is there.
        from: Option<String>,
        /// Identification number of the line that the call comes by.
        line: Option<String>,
        /// `None` = the number of the line.
        to: Option<String>,
        /// `None` = now.
        at: Option<String>,
        /// `EXTENSION=WHAT`.
        assume: Vec<String>,
    },
}

/// Where a job's output goes.
pub(crate) trait Sink: Send {
    /// Standard output.
    fn out(&mut self, bytes: &[u8]) -> impl Future<Output = std::io::Result<()>> + Send;
    /// Standard error.
    fn err(&mut self, text: &str) -> impl Future<Output = std::io::Result<()>> + Send;
    /// A file beside the output: `secrets`, or a daily file's name.
    fn file(
        &mut self,
        name: &str,
        bytes: &[u8],
    ) -> impl Future<Output = std::io::Result<()>> + Send;
}
