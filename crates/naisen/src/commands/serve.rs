//! `serve`: runs a node until told to stop.

use app::text::{text, text_with};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Lang;
use crate::commands::job::complain;
use crate::config::Config;
use crate::jobs::{DONE, UNREACHABLE};
use crate::running::Running;
use crate::say;

pub(crate) async fn run(config: Config, lang: Lang) -> u8 {
    // Before anybody can know that it runs: a stop that comes at once is a stop in peace too.
    let stop = stop_wanted();
    let running = match Running::start(&config).await {
        Ok(running) => running,
        Err(error) => {
            return complain(lang, "serve-not-started", &format!("{error:#}"), UNREACHABLE);
        }
    };
    for (name, addr) in &running.listeners {
        say(&format!("{name} {addr}"));
    }
    if running.store.snapshot().tenants().next().is_none() {
        let command = "naisen init --tenant office.example.jp --name \"Sample Ltd.\" --admin admin";
        say(&text_with(lang.app(), "serve-no-tenant", &[("value", command.into())]));
    }
    say(&text(lang.app(), "serve-ready"));
    tokio::select! {
        () = stop => {}
        () = running.fallen() => {
            running.stop().await;
            return complain(lang, "serve-fallen", "", UNREACHABLE);
        }
    }
    let patience = format!("{}s", config.drain.as_secs());
    say(&text_with(lang.app(), "serve-draining", &[("value", patience.as_str().into())]));
    running.drain(config.drain, stop_wanted()).await;
    running.stop().await;
    say(&text(lang.app(), "serve-stopped"));
    DONE
}

/// Ends at the next SIGTERM or Ctrl-C from now on, whenever it is awaited.
pub(crate) fn stop_wanted() -> impl Future<Output = ()> {
    let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        let [Ok(mut term), Ok(mut interrupt)] = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
