//! Own sounds: the file goes up and comes down as it is, the rest is JSON (R319).

use std::sync::Arc;

use app::service::sound::{self, SoundError, SoundFiles, SoundUse};
use app::service::{self, Act, Key, Noun, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use base::id::SoundId;
use model::{Snapshot, Sound};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Portal;
use crate::api::body::Words;
use crate::api::caller::Caller;
use crate::api::live::time;
use crate::api::noun::{Answer, Cx, Twin, done, fresh, json_answer, tag};
use crate::api::repeat;
use crate::api::shape::{Kind, Shape, must, told};
use crate::api::trouble::Trouble;
use crate::api::{BODY_BYTES_MAX, ROOT};

/// Octets of a file; one more, so that the rule is named by who reads it.
const FILE_BYTES_MAX: usize = (10 << 20) + 1;

/// Files that come and are read at once.
const UPLOADS_MAX: usize = 4;

const SHAPE: &Shape = &Shape {
    name: "Sound",
    about: "A sound that the company has uploaded, for those who are on hold.",
    fields: &[
        told("id", Kind::Id, "Durable id, its key."),
        must("name", Kind::Text(1, 64), "Its name, unique in the company."),
        told("duration_ms", Kind::Number(1, 600_000), "Its length in milliseconds."),
        told("uploaded_at", Kind::Time, "When it was uploaded."),
    ],
};

/// The right to read a file.
pub(crate) type Reading = Arc<OwnedSemaphorePermit>;

/// Where sounds are kept, and how many are read at once.
#[derive(Clone)]
pub(crate) struct Shelf {
    files: Option<Arc<dyn SoundFiles>>,
    readers: Arc<Semaphore>,
}

impl Shelf {
    pub(crate) fn new(files: Option<Arc<dyn SoundFiles>>) -> Self {
        Shelf { files, readers: Arc::new(Semaphore::new(UPLOADS_MAX)) }
    }

    /// The right to read a file; none while too many are read.
    pub(crate) fn permit(&self) -> Result<Reading, Trouble> {
        // A file takes memory while it comes and a processor for seconds then.
        let busy = |_| Trouble::of(StatusCode::TOO_MANY_REQUESTS);
        Arc::clone(&self.readers).try_acquire_owned().map(Arc::new).map_err(busy)
    }

    fn files(&self) -> Result<&Arc<dyn SoundFiles>, Trouble> {
        self.files.as_ref().ok_or_else(Trouble::no_node)
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SoundTwin {
    id: String,
    name: String,
    duration_ms: u32,
    uploaded_at: String,
}

impl Twin for SoundTwin {
    type Of = Sound;
    const PATH: &'static str = "sounds";
    const SHAPE: &'static Shape = SHAPE;

    fn of(sound: &Sound, _: &Snapshot) -> Self {
        SoundTwin {
            id: sound.id.to_string(),
            name: sound.name.to_string(),
            duration_ms: sound.duration_ms,
            uploaded_at: time(sound.uploaded_at),
        }
    }

    fn object(self, _: &Cx<'_>, old: Option<&Sound>) -> Result<Sound, Vec<Problem>> {
        let old = old.ok_or_else(Vec::new)?;
        Ok(Sound { name: self.name.into(), ..old.clone() })
    }
}

/// The octets of a file, not of a form, and the right to read it.
pub(crate) struct File(Bytes, Reading);

impl FromRequest<Portal> for File {
    type Rejection = Trouble;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Trouble> {
        if !is_file(request.headers()) {
            return Err(Trouble::of(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        // Where there is a key, the file has come already.
        let permit = match request.extensions().get::<Reading>() {
            Some(permit) => Arc::clone(permit),
            None => portal.shelf.permit()?,
        };
        match Bytes::from_request(request, portal).await {
            Ok(bytes) => Ok(File(bytes, permit)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Trouble::broken(SoundError::TooBig.problem().into_iter().collect()))
            }
            Err(rejection) => Err(Trouble::of(rejection.status())),
        }
    }
}

/// Sound, octets, or nothing said; what it is tells the file itself.
fn is_file(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or("?").to_ascii_lowercase();
    kind.starts_with("audio/") || kind.starts_with("application/octet-stream")
}

/// Octets that the body of a request with a key may have, and the right to read that many.
pub(crate) fn room(portal: &Portal, path: &str) -> Result<(usize, Option<Reading>), Trouble> {
    if !path.ends_with("/sounds") {
        return Ok((BODY_BYTES_MAX, None));
    }
    portal.shelf.permit().map(|permit| (FILE_BYTES_MAX, Some(permit)))
}

/// The handler, with room for a file.
pub(crate) fn uploading() -> MethodRouter<Portal> {
    post(upload).layer(DefaultBodyLimit::max(FILE_BYTES_MAX))
}

pub(crate) async fn upload(
    State(portal): State<Portal>,
    caller: Caller,
    words: Words,
    File(bytes, _permit): File,
) -> Answer {
    words.only(&["name", "use"])?;
    let purpose = match words.get("use") {
        "" | "music" => SoundUse::Music,
        "announcement" => SoundUse::Announcement,
        other => {
            let field = Problem::new(212, "use", other).saying("api-wrong-type");
            return Err(Trouble::broken(vec![field]));
        }
    };
    let files = portal.shelf.files()?;
    let (tenant, now) = (caller.tenant(), caller.now);
    let draft = Sound {
        id: SoundId(fresh(now)?.0),
        tenant,
        name: words.get("name").into(),
        duration_ms: 1,
        uploaded_at: now,
    };
    let act = Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now };
    let told = |snapshot: &Snapshot, made: &Sound| {
        serde_json::to_value(SoundTwin::of(made, snapshot)).unwrap_or_default()
    };
    let place = |made: &Sound| format!("{ROOT}/{}/{}", SoundTwin::PATH, made.key());
    let of = |snapshot: &Snapshot, made: &Sound| {
        let named = (Some(place(made)), Some(tag(snapshot, tenant)));
        repeat::kept(StatusCode::CREATED, named, told(snapshot, made).to_string())
    };
    let asked = caller.keyed.as_ref().map(|keyed| keyed.asked());
    let request = caller.keyed.as_ref().zip(asked.as_ref()).map(|(k, asked)| k.request(asked));
    let answer = request.map(|request| service::write::Answer { request, of: &of });
    let made = sound::upload(act, files, (draft, purpose), bytes.into(), answer.as_ref()).await;
    let (snapshot, made) = made.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    if let Some(keyed) = &caller.keyed {
        keyed.is_kept();
    }
    let mut response =
        json_answer(StatusCode::CREATED, (&snapshot, tenant), &told(&snapshot, &made));
    if let Ok(place) = HeaderValue::from_str(&place(&made)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// The sound as it is played, a file of G.711.
pub(crate) async fn download(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
) -> Answer {
    let snapshot = portal.store.snapshot();
    let found = Sound::find(&snapshot, caller.tenant(), Key(&key));
    let id = found.ok_or_else(Trouble::not_found)?.id;
    let files = Arc::clone(portal.shelf.files()?);
    let read = tokio::task::spawn_blocking(move || files.read(id)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Trouble::not_found());
        }
        _ => return Err(Trouble::no_node()),
    };
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    Ok(response)
}

pub(crate) async fn remove(
    State(portal): State<Portal>,
    caller: Caller,
    Path(key): Path<String>,
    words: Words,
) -> Answer {
    words.only(&[])?;
    let act =
        Act { store: &portal.store, scope: &caller.scope, seen: caller.seen, now: caller.now };
    let removed = sound::remove(act, portal.shelf.files()?, Key(&key)).await;
    let snapshot = removed.map_err(|r| Trouble::refused(r, caller.seen.is_some()))?;
    Ok(done(&snapshot, caller.tenant()))
}
