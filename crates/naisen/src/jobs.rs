//! The work behind `init`, `token`, `import`, `export` and `explain`, done where the store is: in
//! the running node, or in the command itself when no node runs.

use std::sync::Arc;

use app::explain::Origin;
use app::export::{self, HistoryRequest, Piece};
use app::import::{self, Format};
use app::text::{Lang, text_with};
use app::{explain, init, result, token};
use base::{Dn, Rng, Secret, Wall};
use bulk::{Encoding, Kind, Mode};
use engine::{Command, Handle, Reply};
use model::Preset;
use store::{Store, TenantScope};

use crate::control::{Job, Request, Sink};

/// Done.
pub(crate) const DONE: u8 = 0;
/// Refused; nothing stored.
pub(crate) const REFUSED: u8 = 1;
/// Wrong arguments or configuration.
pub(crate) const WRONG: u8 = 2;
/// Node or database cannot be reached.
pub(crate) const UNREACHABLE: u8 = 3;

/// Where jobs are done.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) store: Arc<Store>,
    /// The node, when one runs.
    pub(crate) handle: Option<Handle>,
}

/// Why a job ends without success: what to say, and the exit status.
struct Stop(u8, String);

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Stop(UNREACHABLE, error.to_string())
    }
}

/// Does a job; its exit status.
pub(crate) async fn run(
    request: Request,
    input: Vec<u8>,
    backend: &Backend,
    sink: &mut impl Sink,
) -> u8 {
    let lang = if request.english { Lang::En } else { Lang::Ja };
    let done = match request.job {
        Job::Init { .. } => do_init(request.job, lang, backend, sink).await,
        Job::Import { .. } => do_import(request.job, input, (lang, backend), sink).await,
        Job::Export { .. } => do_export(request.job, lang, backend, sink).await,
        Job::Token { .. } => do_token(request.job, lang, backend, sink).await,
        Job::Explain { .. } => do_explain(request.job, lang, backend, sink).await,
    };
    match done {
        Ok(status) => status,
        Err(Stop(status, sentence)) => {
            // A reader that is gone cannot be told.
            let _ = sink.err(&format!("{sentence}\n")).await;
            status
        }
    }
}

fn fresh_rng() -> Result<Rng, Stop> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| Stop(UNREACHABLE, e.to_string()))?;
    Ok(Rng::from_seed(seed))
}

fn now() -> Wall {
    engine::clock::wall()
}

/// The tenant of a domain, as the owner of the data folder.
fn scope(backend: &Backend, lang: Lang, domain: &str) -> Result<TenantScope, Stop> {
    let snapshot = backend.store.snapshot();
    match snapshot.tenant_of_domain(domain) {
        Some(tenant) => Ok(backend.store.operator_scope(tenant.id)),
        None => Err(Stop(WRONG, say(lang, "cli-no-tenant", domain))),
    }
}

fn say(lang: Lang, id: &str, value: &str) -> String {
    text_with(lang, id, &[("value", value.into())])
}

fn format_of(word: Option<&str>, lang: Lang) -> Result<Option<Format>, Stop> {
    match word {
        None => Ok(None),
        Some(word) => match Format::parse(word) {
            Some(format) => Ok(Some(format)),
            None => Err(Stop(WRONG, say(lang, "cli-unknown-format", word))),
        },
    }
}

async fn do_init(
    job: Job,
    lang: Lang,
    backend: &Backend,
    sink: &mut impl Sink,
) -> Result<u8, Stop> {
    let Job::Init { tenant, name, admin, cloudphone, password } = job else { return Ok(WRONG) };
    let preset = if cloudphone { Preset::CloudPhone } else { Preset::OfficeLink };
    let request = init::Request {
        domain: tenant,
        name,
        admin: admin.clone(),
        preset,
        password: password.filter(|p| !p.is_empty()).map(Secret::new),
    };
    match init::init(&backend.store, request, now(), &mut fresh_rng()?).await {
        Ok(made) => {
            let mut lines = made.lines(lang, &admin).join("\n");
            lines.push('\n');
            sink.out(lines.as_bytes()).await?;
            Ok(DONE)
        }
        Err(error) => Err(Stop(REFUSED, error.sentence(lang))),
    }
}

async fn do_token(
    job: Job,
    lang: Lang,
    backend: &Backend,
    sink: &mut impl Sink,
) -> Result<u8, Stop> {
    let Job::Token { tenant, name, role, days, list, revoke } = job else { return Ok(WRONG) };
    let scope = scope(backend, lang, &tenant)?;
    let failed = |error: token::TokenError| Stop(REFUSED, error.sentence(lang));
    let lines = if let Some(id) = revoke {
        token::revoke(&backend.store, &scope, &id, now()).await.map_err(failed)?;
        vec![token::revoked_line(&id, lang)]
    } else if list {
        let tokens = backend.store.api_tokens(&scope).await;
        token::list_lines(&tokens.map_err(|e| failed(e.into()))?, lang)
    } else {
        let unknown = || {
            Stop(WRONG, text_with(lang, "token-role-unknown", &[("role", role.as_str().into())]))
        };
        let wish =
            token::Wish { name: &name, role: token::parse_role(&role).ok_or_else(unknown)?, days };
        let made = token::make(&backend.store, &scope, &wish, now(), &mut fresh_rng()?).await;
        token::made_lines(&made.map_err(failed)?, &wish, lang)
    };
    let mut text = lines.join("\n");
    text.push('\n');
    sink.out(text.as_bytes()).await?;
    Ok(DONE)
}

async fn do_import(
    job: Job,
    bytes: Vec<u8>,
    (lang, backend): (Lang, &Backend),
    sink: &mut impl Sink,
) -> Result<u8, Stop> {
    let Job::Import { kind, tenant, dry_run, update, format, file_name, secrets_apart } = job
    else {
        return Ok(WRONG);
    };
    let unknown = || Stop(WRONG, say(lang, "cli-unknown-kind", &kind));
    let kind = import::parse_kind(&kind).ok_or_else(unknown)?;
    let format = format_of(format.as_deref(), lang)?;
    let scope = scope(backend, lang, &tenant)?;
    let mode = if update { Mode::Update } else { Mode::Register };
    let request = import::Request { kind, bytes, name: file_name, mode, dry_run, format };
    let outcome = import::import(&backend.store, &scope, request, now(), fresh_rng()?)
        .await
        .map_err(|e| Stop(REFUSED, e.sentence(lang)))?;
    sink.out(result::render(&outcome, lang).as_bytes()).await?;
    if !outcome.secrets.is_empty() {
        if secrets_apart {
            sink.file("secrets", &result::secrets_file(&outcome.secrets, Encoding::Utf8)).await?;
        } else {
            sink.out(result::render_secrets(&outcome.secrets, lang).as_bytes()).await?;
        }
    }
    Ok(if outcome.is_ok() { DONE } else { REFUSED })
}

async fn do_export(
    job: Job,
    lang: Lang,
    backend: &Backend,
    sink: &mut impl Sink,
) -> Result<u8, Stop> {
    let Job::Export { kind, tenant, date, standard, format, folder } = job else {
        return Ok(WRONG);
    };
    let format = format_of(format.as_deref(), lang)?.unwrap_or(Format::Sjis);
    let scope = scope(backend, lang, &tenant)?;
    if kind == "history" {
        let day = match date {
            None => None,
            Some(text) => {
                let wrong = || Stop(WRONG, export::day_sentence(lang, &text));
                Some(export::parse_day(&text).ok_or_else(wrong)?)
            }
        };
        let request = HistoryRequest { day, standard, format, daily: folder };
        return history(request, &scope, (lang, backend), sink).await;
    }
    let unknown = || Stop(WRONG, say(lang, "cli-unknown-kind", &kind));
    let kind = import::parse_kind(&kind).ok_or_else(unknown)?;
    let snapshot = backend.store.snapshot();
    let registered = registered(kind, standard, &scope, backend).await;
    let is_registered =
        |device| registered.as_ref().map(|live| live.binary_search(&device).is_ok());
    let (tenant, what) = (scope.tenant(), (kind, standard));
    let bytes = export::file(&snapshot, tenant, what, format, &is_registered)
        .map_err(|e| Stop(REFUSED, e.sentence(lang)))?;
    sink.out(&bytes).await?;
    Ok(DONE)
}

async fn do_explain(
    job: Job,
    lang: Lang,
    backend: &Backend,
    sink: &mut impl Sink,
) -> Result<u8, Stop> {
    let Job::Explain { tenant, from, line, to, at, assume } = job else { return Ok(WRONG) };
    let tenant = scope(backend, lang, &tenant)?.tenant();
    let wrong = |id: &str, value: &str| Stop(WRONG, say(lang, id, value));
    let (from, to) = match (from, line) {
        (Some(from), _) => {
            let dn = Dn::parse(&from).map_err(|_| wrong("explain-no-extension", &from))?;
            (Origin::Extension(dn), to.unwrap_or_default())
        }
        (None, line) => {
            let (code, snapshot) = (line.unwrap_or_default(), backend.store.snapshot());
            let line = Dn::parse(&code).ok().and_then(|dn| snapshot.line_by_code(tenant, dn));
            let line = line.ok_or_else(|| wrong("explain-no-line", &code))?;
            (Origin::Line(line.id), to.unwrap_or_else(|| line.number.text()))
        }
    };
    let read = |text: &String| explain::time(text).ok_or_else(|| wrong("explain-no-time", text));
    let at = at.as_ref().map(read).transpose()?;
    let read =
        |text: &String| explain::assumption(text).ok_or_else(|| wrong("explain-assume", text));
    let answers = assume.iter().map(read).collect::<Result<Vec<_>, Stop>>()?;
    let Some(handle) = &backend.handle else {
        return Err(Stop(UNREACHABLE, text_with(lang, "explain-no-node", &[])));
    };
    let command = Command::Explain { tenant, from, to, at, answers };
    match handle.ask(command).await {
        Ok(Reply::Explanation(found)) => {
            let mut lines = explain::lines(&found, lang).join("\n");
            lines.push('\n');
            sink.out(lines.as_bytes()).await?;
            Ok(DONE)
        }
        Ok(_) => Ok(UNREACHABLE),
        Err(error) => Err(Stop(UNREACHABLE, error.to_string())),
    }
}

/// Devices of the tenant that are registered now, sorted; `None` when no node runs or nobody asks.
async fn registered(
    kind: Kind,
    standard: bool,
    scope: &TenantScope,
    backend: &Backend,
) -> Option<Vec<base::id::DeviceId>> {
    if kind != Kind::Extensions || !standard {
        return None;
    }
    let snapshot = backend.store.snapshot();
    let devices = snapshot.devices(scope.tenant()).map(|d| d.id).collect();
    match backend.handle.as_ref()?.ask(Command::Registrations { devices }).await {
        Ok(Reply::Registrations(live)) => {
            let mut ids: Vec<_> = live.iter().map(|r| r.device).collect();
            ids.sort_unstable();
            Some(ids)
        }
        _ => None,
    }
}

async fn history(
    request: HistoryRequest,
    scope: &TenantScope,
    (lang, backend): (Lang, &Backend),
    sink: &mut impl Sink,
) -> Result<u8, Stop> {
    let mut export = export::history(&backend.store, scope, request);
    let mut file: Option<(String, Vec<u8>)> = None;
    let failed = |e: export::ExportError| Stop(UNREACHABLE, e.sentence(lang));
    while let Some(piece) = export.next().await.map_err(failed)? {
        match piece {
            Piece::File(name) => {
                if let Some((name, bytes)) = file.replace((name, Vec::new())) {
                    sink.file(&name, &bytes).await?;
                }
            }
            Piece::Bytes(bytes) => match &mut file {
                Some((_, content)) => content.extend_from_slice(&bytes),
                None => sink.out(&bytes).await?,
            },
        }
    }
    if let Some((name, bytes)) = file {
        sink.file(&name, &bytes).await?;
    }
    let (count, items) = export.unmappable();
    for item in items {
        sink.err(&format!("{}\n", export::unmappable_sentence(lang, item))).await?;
    }
    if count > items.len() as u64 {
        let more = (count - items.len() as u64).to_string();
        sink.err(&format!("{}\n", say(lang, "cli-more-characters", &more))).await?;
    }
    Ok(DONE)
}
