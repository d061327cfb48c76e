//! The process: its configuration, its end in peace and by force, its journal, the demo.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::exchange::{DOMAIN, Exchange, program};
use crate::harness::script::{Script, sdp};
use crate::harness::sipp::{Over, Phone};
use crate::harness::tiny::Tiny;
use crate::harness::{PATIENCE, get, have, let_run, own_address, wait};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let exchange = Exchange::empty("unknown-key", "auto");
    exchange.configure("auto", "[journal]\nsizze = \"1GiB\"\n");
    let out = exchange.run(&["check-config", "--lang", "en"]);
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    let said = text(&out.stdout) + &text(&out.stderr);
    assert!(said.contains("sizze") && said.contains("size"), "{said}");
    let line = said.lines().find(|line| line.contains("sizze")).unwrap();
    assert!(line.contains("naisen.toml:"), "the line names the file: {line}");
    let out = exchange.run(&["serve"]);
    assert_eq!(out.status.code(), Some(2), "{out:?}");
}

#[test]
fn check_config_names_every_key_and_opens_nothing() {
    let exchange = Exchange::empty("check-config", "relay");
    let out = exchange.run(&["check-config", "--lang", "en"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let said = text(&out.stdout);
    for word in ["path", "relay", "drain", "udp", "ports", "16384-32767"] {
        assert!(said.contains(word), "{word} in\n{said}");
    }
    assert!(!exchange.data().exists(), "no data folder was made");
}

#[test]
fn the_packaged_configuration_is_the_default_one() {
    let exchange = Exchange::empty("packaged", "auto");
    let values = |content: &[u8]| -> Vec<String> {
        exchange.write("naisen.toml", content);
        let said = text(&exchange.good(&["check-config", "--lang", "en"]));
        let lines = said.lines().filter(|line| line.contains('='));
        // What follows the value is where it comes from, which differs of course.
        let value = |line: &str| {
            let (key, rest) = line.split_once('=').unwrap();
            let end = if rest.trim().starts_with('[') { ']' } else { '"' };
            let inner = rest.trim().get(1..).and_then(|r| r.split(end).next());
            format!("{}={}", key.trim(), inner.unwrap_or_default())
        };
        lines.map(value).collect()
    };
    let packaged = include_bytes!("../../../../packaging/naisen.toml");
    assert_eq!(values(packaged), values(b""));
}

/// The value behind `key=` in a unit, or `key ` in a Dockerfile.
fn setting<'t>(text: &'t str, key: &str) -> &'t str {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap_or_else(|| panic!("{key} in\n{text}")).trim()
}

#[test]
fn unit_image_and_guide_name_the_same_places() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let (unit, image) = (read("packaging/naisen.service"), read("packaging/Dockerfile"));
    let start = setting(&unit, "ExecStart=");
    let (program, arguments) = start.split_once(' ').unwrap();
    assert_eq!(setting(&image, "ENTRYPOINT"), format!("[\"{program}\"]"));
    let quoted: Vec<String> = arguments.split(' ').map(|a| format!("\"{a}\"")).collect();
    assert_eq!(setting(&image, "CMD"), format!("[{}]", quoted.join(", ")));
    let data = setting(&unit, "WorkingDirectory=");
    assert_eq!(setting(&unit, "StateDirectory="), data.trim_start_matches("/var/lib/"));
    assert_eq!((setting(&image, "WORKDIR /var"), setting(&image, "VOLUME")), (&data[4..], data));
    assert!(read("packaging/container.toml").contains(&format!("data = \"{data}\"")));
    let config = arguments.rsplit(' ').next().unwrap();
    for guide in ["docs/guide/en/install.md", "docs/guide/ja/install.md"] {
        let guide = read(guide);
        for word in [program, config, data, "packaging/container.toml", "packaging/Dockerfile"] {
            assert!(guide.contains(word), "{word}");
        }
    }
    // What the licences ask for goes with the program.
    let copied: Vec<&str> = image.lines().filter(|l| l.starts_with("COPY ")).collect();
    for paper in ["LICENSE-MIT", "LICENSE-APACHE", "NOTICE"] {
        assert!(copied.iter().any(|l| l.split(' ').any(|word| word == paper)), "{paper}");
    }
    for line in copied.iter().filter(|line| !line.contains("--from") && **line != "COPY . .") {
        let mut words = line.split(' ').skip(1).peekable();
        while let Some(word) = words.next() {
            assert!(words.peek().is_none() || root.join(word).exists(), "{word}");
        }
    }
}

#[test]
fn health_and_figures_answer_and_the_portal_shows_a_page() {
    let exchange = Exchange::start("health", "auto", 2101..2103);
    let metrics = exchange.listener(&["metrics"]);
    assert!(get(metrics, "/healthz").starts_with("HTTP/1.1 200"));
    wait("ready", || get(metrics, "/readyz").starts_with("HTTP/1.1 200").then_some(()));
    let figures = get(metrics, "/metrics");
    assert!(figures.contains("naisen_"), "{figures}");
    let page = get(exchange.listener(&["portal"]), "/");
    assert!(page.starts_with("HTTP/1.1 200") || page.starts_with("HTTP/1.1 303"), "{page}");
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let exchange = Exchange::start("twice", "auto", 2101..2103);
    let out = exchange.run(&["serve"]);
    assert!(!out.status.success(), "{out:?}");
    assert!(get(exchange.listener(&["metrics"]), "/healthz").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_stop_refuses_new_calls_and_ends_running_ones_with_their_records() {
    if !have(&["sipp"]) {
        return;
    }
    let mut exchange = Exchange::start("stop", "auto", 2101..2105);
    let mut callee = Phone::registered(&exchange.dir, 2102, exchange.udp());
    let script = Script::callee("running")
        .answer(200, "", &sdp(30_200, ""))
        .expect_request("ACK")
        .expect_bye();
    let running = callee.play(&script, 2101);
    let script = Script::caller("caller", "", &sdp(30_100, ""))
        .may(100)
        .may(180)
        .expect(200)
        .ack("")
        .expect_bye();
    let mut caller = Phone::new(&exchange.dir, 2101, exchange.udp(), Over::Udp);
    let call = caller.play(&script, 2102);
    running.until("ACK", |m| !m.sent && m.first().starts_with("ACK"));
    let begin = Instant::now();
    exchange.send(rustix::process::Signal::TERM);
    wait("draining", || {
        let answer = get(exchange.listener(&["metrics"]), "/readyz");
        answer.starts_with("HTTP/1.1 503").then_some(())
    });
    let late = Script::refused_while_stopping(&sdp(30_300, ""));
    let mut third = Phone::new(&exchange.dir, 2103, exchange.udp(), Over::Udp);
    let refused = third.play(&late, 2102).good();
    assert!(refused.got("SIP/2.0 503", "INVITE").header("Retry-After").is_some());
    call.good();
    running.good();
    assert!(begin.elapsed() >= Duration::from_millis(2_500), "the drain was cut short");
    assert_eq!(exchange.stop(PATIENCE), Some(0));
    let history = exchange.history();
    let ended: Vec<_> = history.iter().filter(|row| row[3] == "成立").collect();
    assert_eq!(ended.len(), 1, "{history:?}");
    assert_eq!(ended[0][11], "042", "{history:?}");
}

/// What was answered is found, whenever the process is killed.
///
/// `NAISEN_KILLS` sets how often; the full run of a release takes 200.
#[test]
fn what_was_answered_survives_a_kill() {
    let kills: u32 = std::env::var("NAISEN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let mut exchange = Exchange::start("kill", "auto", 2101..2105);
    let mut caller = Tiny::new(2101, exchange.udp());
    let mut callee = Tiny::new(2102, exchange.udp());
    let mut third = Tiny::new(2103, exchange.udp());
    let (mut answered, mut sent, mut mark) = (0_usize, 0_usize, 0);
    let mut random = u64::from(std::process::id()) | 1;
    eprint!("seed {random}\n");
    for kill in 0..kills {
        assert!(callee.register(Some(1), PATIENCE).is_some(), "kill {kill}: no registration");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let lifetime = Duration::from_micros(20_000 + random % 400_000);
        let last = load_until_killed(
            &mut exchange,
            lifetime,
            (&mut caller, &callee, &mut third),
            (&mut answered, &mut sent, &mut mark),
        );
        exchange.serve();
        for phone in [&mut caller, &mut callee, &mut third] {
            phone.moved(exchange.udp());
        }
        if let Some(last) = last {
            let found = third.register(None, PATIENCE).unwrap_or_default();
            assert!(
                (last..=mark).any(|mark| found.contains(&format!(";mark={mark}>"))),
                "kill {kill}: contact {last} was confirmed and is gone:\n{found}"
            );
        }
    }
    let rows = wait("all records", || {
        let rows = exchange.history();
        let found = rows.iter().filter(|row| row[3] == "成立").count();
        (found >= answered).then_some(rows)
    });
    eprint!("{kills} kills, {sent} calls, {answered} BYEs answered, {} rows\n", rows.len());
    assert!(rows.len() <= sent + kills as usize, "{} rows of {sent} calls", rows.len());
    assert!(answered > kills as usize, "only {answered} calls were completed");
}

/// Calls and registrations until the process dies; the last contact that was confirmed.
fn load_until_killed(
    exchange: &mut Exchange,
    lifetime: Duration,
    (caller, callee, third): (&mut Tiny, &Tiny, &mut Tiny),
    (answered, sent, mark): (&mut usize, &mut usize, &mut u32),
) -> Option<u32> {
    let end = Instant::now() + lifetime;
    let mut last = None;
    let killer = std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let_run(end.saturating_duration_since(Instant::now()));
            exchange.kill();
        });
        while !killer.is_finished() {
            *sent += 1;
            if caller.call(callee, Duration::from_millis(250)) == Some(true) {
                *answered += 1;
            }
            *mark += 1;
            if third.register(Some(*mark), Duration::from_millis(100)).is_some() {
                last = Some(*mark);
            }
        }
        killer.join()
    });
    killer.unwrap();
    last
}

#[test]
fn a_recorded_run_of_a_thousand_calls_is_replayed_exactly() {
    let mut exchange = Exchange::start("replay", "auto", 2101..2103);
    let mut caller = Tiny::new(2101, exchange.udp());
    let mut callee = Tiny::new(2102, exchange.udp());
    assert!(callee.register(Some(1), PATIENCE).is_some());
    for call in 0..1_000 {
        assert_eq!(caller.call(&callee, PATIENCE), Some(true), "call {call}");
    }
    assert_eq!(exchange.stop(PATIENCE), Some(0));
    let journal = exchange.data().join("journal");
    let out = exchange.run(&["replay", &journal.to_string_lossy()]);
    assert_eq!(out.status.code(), Some(0), "{}{}", text(&out.stdout), text(&out.stderr));
    assert_eq!(exchange.history().len(), 1_000);
}

#[test]
fn the_demo_checks_itself() {
    let dir = crate::harness::folder("demo");
    let out = Command::new(program())
        .args(["demo", "--check", "--listen", &own_address().to_string()])
        .current_dir(&dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = text(&out.stdout);
    assert!(out.status.success(), "{said}\n{}", text(&out.stderr));
    assert!(said.contains("合格"), "{said}");
    for number in ["2001", "2002", "2003"] {
        assert!(said.contains(number), "{number} in\n{said}");
    }
    let _ = std::fs::remove_dir_all(dir);
}

#[test]
fn a_portal_of_the_second_start_finds_the_company() {
    let mut exchange = Exchange::start("restart", "auto", 2101..2103);
    assert_eq!(exchange.stop(PATIENCE), Some(0));
    exchange.serve();
    let out = exchange.run(&["init", "--tenant", DOMAIN, "--name", "Again", "--admin", "admin"]);
    assert_eq!(out.status.code(), Some(1), "a domain in use is refused: {out:?}");
}
