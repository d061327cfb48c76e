//! What the tests need from Debian, and how it gets onto a fresh machine.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::run::{find, has};
use crate::say;

/// A program that tests use, and the Debian package that brings it.
pub(crate) struct Tool {
    /// The program.
    pub(crate) program: &'static str,
    /// The package.
    pub(crate) package: &'static str,
    /// What for.
    pub(crate) purpose: &'static str,
}

/// What `cargo xtask test` installs.
pub(crate) const TEST_TOOLS: &[Tool] = &[
    Tool { program: "sipp", package: "sip-tester", purpose: "SIP scenarios" },
    Tool { program: "baresip", package: "baresip-core", purpose: "telephones with audio" },
    Tool { program: "sipsak", package: "sipsak", purpose: "damaged SIP requests" },
    Tool { program: "tcpdump", package: "tcpdump", purpose: "captures of audio" },
    Tool { program: "chromium", package: "chromium", purpose: "pages in a browser" },
    Tool {
        program: "openssl",
        package: "openssl",
        purpose: "certificates as a stranger sees them",
    },
];

/// Packages without a program of their own.
const TEST_EXTRAS: &[&str] = &["fonts-noto-cjk"];

/// What `cargo xtask bench` installs on top.
pub(crate) const BENCH_TOOLS: &[Tool] = &[
    Tool { program: "sipp", package: "sip-tester", purpose: "load" },
    Tool { program: "kamailio", package: "kamailio", purpose: "the proxy to compare with" },
    Tool {
        program: "rtpengine",
        package: "rtpengine-daemon",
        purpose: "the relay to compare with",
    },
];

const TRIES: u32 = 3;
const LOCK_WAIT: &str = "DPkg::Lock::Timeout=200";

/// Installs the missing ones of `tools`; what stays missing is named by [`missing`].
pub(crate) fn install(tools: &[Tool], extras: bool) {
    let mut wanted: Vec<&str> =
        tools.iter().filter(|tool| !has(tool.program)).map(|tool| tool.package).collect();
    if extras {
        wanted.extend(TEST_EXTRAS.iter().filter(|package| !installed(package)));
    }
    if wanted.is_empty() {
        return;
    }
    let Some(apt) = find("apt-get") else {
        say!("no apt-get here: install by hand what is missing: {}", wanted.join(" "));
        return;
    };
    say!("installing {}", wanted.join(" "));
    let ready = attempt(|| Command::new(&apt).args(["-qq", "-o", LOCK_WAIT, "update"]).spawn());
    if !ready {
        say!("apt-get update failed; trying with the lists of before");
    }
    let all = |packages: &[&str]| {
        attempt(|| {
            Command::new(&apt)
                .args(["-y", "-qq", "-o", LOCK_WAIT, "install", "--no-install-recommends"])
                .args(packages)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdout(Stdio::null())
                .spawn()
        })
    };
    // One that cannot be had must not cost the others.
    if !all(&wanted) {
        for package in wanted {
            if !all(&[package]) {
                say!("could not install {package}");
            }
        }
    }
}

/// Tries a child a few times, with a growing pause for a network that is busy.
fn attempt(spawn: impl Fn() -> std::io::Result<std::process::Child>) -> bool {
    for turn in 1..=TRIES {
        if let Ok(mut child) = spawn()
            && child.wait().is_ok_and(|status| status.success())
        {
            return true;
        }
        if turn < TRIES {
            std::thread::sleep(Duration::from_secs(5 * u64::from(turn)));
        }
    }
    false
}

fn installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("install ok installed"))
}

/// The tools that are not there, with what each would have been for.
pub(crate) fn missing(tools: &[Tool]) -> Vec<String> {
    tools
        .iter()
        .filter(|tool| !has(tool.program))
        .map(|tool| format!("{} (package {}; {})", tool.program, tool.package, tool.purpose))
        .collect()
}
