//! The exchange's own HTTP interfaces: objects are made and counters are read by them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Where a running server listens for HTTP, and the key to its API.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    portal: SocketAddr,
    metrics: SocketAddr,
    token: String,
}

impl Api {
    /// Reads the addresses from the list of listeners.
    pub(crate) fn of(listeners: &Path, token: &str) -> Result<Self> {
        let text = std::fs::read_to_string(listeners)?;
        let address = |kind: &str| -> Result<SocketAddr> {
            let rest = text.lines().find_map(|line| line.strip_prefix(kind));
            Ok(rest.with_context(|| format!("no listener {kind}"))?.trim().parse()?)
        };
        let (portal, metrics) = (address("portal ")?, address("metrics ")?);
        Ok(Api { portal, metrics, token: token.into() })
    }

    /// Makes an object at a path below `/api/v1/`.
    pub(crate) fn make(&self, path: &str, object: &Value) -> Result<()> {
        let body = object.to_string();
        let answer = http(
            self.portal,
            &format!(
                "POST /api/v1/{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n\
                 {body}",
                self.portal,
                self.token,
                body.len()
            ),
        )?;
        let is_made = answer.starts_with("HTTP/1.1 201");
        ensure!(is_made, "{path} {body}: {}", answer.chars().take(1_000).collect::<String>());
        Ok(())
    }

    /// A counter of the metrics by its name.
    pub(crate) fn counter(&self, name: &str) -> Result<f64> {
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.metrics);
        let answer = http(self.metrics, &request)?;
        let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).with_context(|| format!("no {name}"))
    }
}

fn http(at: SocketAddr, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
