//! Who calls: the bearer token of a request, and the revision that its sender has seen.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use base::Wall;
use base::id::TenantId;
use model::Revision;
use store::TenantScope;

use crate::Portal;
use crate::api::repeat::Keyed;
use crate::api::trouble::Trouble;

/// A program with a valid token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) scope: TenantScope,
    pub(crate) now: Wall,
    /// What If-Match says (RFC 9110 §13.1.1); `None` = nothing, or any revision.
    pub(crate) seen: Option<Revision>,
    /// The key of the request, when it came with one.
    pub(crate) keyed: Option<Arc<Keyed>>,
}

impl Caller {
    pub(crate) fn tenant(&self) -> TenantId {
        self.scope.tenant()
    }
}

impl FromRequestParts<Portal> for Caller {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Trouble> {
        let now = portal.now();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address: Option<IpAddr> = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
        if !portal.tokens.may_try(address, now) {
            return Err(Trouble::of(StatusCode::TOO_MANY_REQUESTS));
        }
        let unknown = Trouble::of(StatusCode::UNAUTHORIZED);
        let Some(token) = bearer(&parts.headers) else { return Err(unknown) };
        let scope = portal.store.api_scope(token, address, now).await;
        match scope.map_err(|e| Trouble::database(&e))? {
            Some(scope) => {
                let keyed = parts.extensions.get::<Arc<Keyed>>().cloned();
                Ok(Caller { scope, now, seen: seen(&parts.headers), keyed })
            }
            None => {
                portal.tokens.failed(address, now);
                Err(unknown)
            }
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A tag that is none of ours matches nothing.
fn seen(headers: &HeaderMap) -> Option<Revision> {
    let value = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    if value == "*" {
        return None;
    }
    let number = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    Some(Revision(number.and_then(|v| v.parse().ok()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::tests::world::World;

    async fn call(world: &World, address: [u8; 4], token: &str) -> Result<Caller, u16> {
        let request = Request::builder().header("authorization", format!("Bearer {token}"));
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::from((address, 4_000))));
        let found = Caller::from_request_parts(&mut parts, &world.portal).await;
        found.map_err(|trouble| {
            axum::response::IntoResponse::into_response(trouble).status().as_u16()
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_address_with_many_wrong_tokens_waits_even_with_the_right_one() {
        let world = World::two_companies().await;
        let token = world.token(1, store::ApiRole::Administrator).await;
        for n in 0..5 {
            let wrong = format!("naisen_{n:064x}");
            assert_eq!(call(&world, [192, 0, 2, 1], &wrong).await.err(), Some(401));
        }
        assert_eq!(call(&world, [192, 0, 2, 1], &token).await.err(), Some(429));
        let caller = call(&world, [192, 0, 2, 2], &token).await.expect("another address");
        assert_eq!(caller.scope.address(), Some([192, 0, 2, 2].into()));
        world.later(15);
        assert!(call(&world, [192, 0, 2, 1], &token).await.is_ok());
        world.end().await;
    }

    #[test]
    fn tags_are_numbers_of_revisions() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().expect("a header"));
            seen(&headers).map(|r| r.0)
        };
        assert_eq!((of("\"12\""), of("*")), (Some(12), None));
        for odd in ["12", "W/\"12\"", "\"x\"", "", "\"1\", \"2\""] {
            assert_eq!(of(odd), Some(u64::MAX), "{odd}");
        }
    }
}
