//! The real program with foreign telephones around it, all on loopback.
//!
//! Every telephone has an address of its own in 127.0.0.0/8 and ports that the kernel chose, so
//! tests run side by side. Nothing waits for a time: everything waits for a condition.

pub(crate) mod audio;
pub(crate) mod baresip;
pub(crate) mod browser;
pub(crate) mod demo;
pub(crate) mod exchange;
pub(crate) mod line;
pub(crate) mod pair;
pub(crate) mod script;
pub(crate) mod sipp;
pub(crate) mod tiny;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Asks until there is an answer; `None` when the time is up.
pub(crate) fn ask<T>(at_most: Duration, mut question: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + at_most;
    loop {
        if let Some(answer) = question() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Asks until there is an answer, or fails with `what`.
#[track_caller]
pub(crate) fn wait<T>(what: &str, question: impl FnMut() -> Option<T>) -> T {
    match ask(PATIENCE, question) {
        Some(answer) => answer,
        None => panic!("waited in vain: {what}"),
    }
}

/// Lets audio or load run for a while; never used to wait for something to have happened.
pub(crate) fn let_run(time: Duration) {
    let deadline = Instant::now() + time;
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// A loopback address that no other telephone of any running test has.
pub(crate) fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    // Each test is a process of its own: its id and a counter make the address.
    let number = std::process::id().wrapping_mul(37).wrapping_add(n);
    let [_, _, high, low] = (number % 65_000 + 300).to_be_bytes();
    Ipv4Addr::new(127, 64 + (n % 64) as u8, high, low.max(1))
}

/// A UDP and TCP port of that address that nobody has now.
pub(crate) fn free_port(ip: impl Into<IpAddr>) -> u16 {
    UdpSocket::bind((ip.into(), 0)).unwrap().local_addr().unwrap().port()
}

/// The folder of this test, empty.
pub(crate) fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Sends a signal to a child that we started.
pub(crate) fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Waits for a child's end; kills it when it does not come.
pub(crate) fn end(child: &mut Child, at_most: Duration) -> Option<i32> {
    let status = ask(at_most, || child.try_wait().ok().flatten());
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    status.and_then(|status| status.code())
}

/// One GET; the whole answer.
pub(crate) fn get(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether the programs are there. If not, the test is reported as skipped, by its name.
#[must_use]
pub(crate) fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |name: &str| {
        std::env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/sbin".into()])
            .any(|dir| dir.join(name).is_file())
    };
    let missing: Vec<&str> = programs.iter().copied().filter(|name| !found(name)).collect();
    if missing.is_empty() {
        return true;
    }
    skip(&format!("{} not installed", missing.join(", ")));
    false
}

/// Reports this test as skipped, with the reason.
pub(crate) fn skip(reason: &str) {
    // A runner that starts each test by itself runs it in the main thread: its argument names it.
    let thread = std::thread::current();
    let argument = std::env::args().skip(1).find(|argument| argument.contains("::"));
    let name = match (thread.name(), argument) {
        (Some(name), _) if name != "main" => name.to_owned(),
        (_, argument) => argument.unwrap_or_else(|| "unnamed".into()),
    };
    let name = name.replace("::", ".");
    if let Some(dir) = std::env::var_os("NAISEN_SKIPPED_DIR") {
        std::fs::write(Path::new(&dir).join(&name), reason).unwrap();
    }
    eprintln!("skipped {name}: {reason}");
}
