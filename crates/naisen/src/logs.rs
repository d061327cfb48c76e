//! Structured logs on standard error; the default level holds no message, number or name (SEC-29).

use tracing_subscriber::EnvFilter;

/// Starts logging. `NAISEN_LOG` sets the filter (default `info`), `NAISEN_LOG_FORMAT=json` the
/// form.
pub(crate) fn start() {
    start_at("info");
}

/// As [`start`], with another default filter.
pub(crate) fn start_at(level: &str) {
    let filter = EnvFilter::try_from_env("NAISEN_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("NAISEN_LOG_FORMAT").is_ok_and(|f| f == "json") {
        builder.json().init();
    } else {
        builder.with_ansi(false).init();
    }
}
