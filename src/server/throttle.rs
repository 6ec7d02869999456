//! The throttle: how often a client may ask for what lets it guess or costs much, and how many credentials it may guess.

mod requests;
mod routes;
mod sign_ins;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use self::requests::Requests;
use self::sign_ins::SignIns;
use super::App;
use super::address::{client_address, peer, site};
use super::asker::bearer;
use super::problem::Problem;

/// What clients have spent lately. What it holds is bounded, whoever asks: see [`Requests`] and [`SignIns`].
pub struct Throttle {
    hasher: RandomState,
    /// Nothing when the operator turned it off.
    spent: Option<(Requests, SignIns)>,
}

impl Throttle {
    /// One that allows so many requests a minute, or any number when it is 0.
    pub fn new(rate: u32) -> Self {
        let spent = NonZeroU32::new(rate).map(|rate| (Requests::new(rate), SignIns::default()));
        Self { hasher: RandomState::new(), spent }
    }

    /// Counts a request of a client and, if there is one, by a credential.
    fn spend(&self, client: IpAddr, credential: Option<&[u8]>) -> Result<(), Problem> {
        let Some((requests, _)) = &self.spent else { return Ok(()) };
        let keys = [Some(self.hasher.hash_one(client)), credential.map(|credential| self.hasher.hash_one(credential))];
        let spent = keys.into_iter().flatten().try_for_each(|key| requests.spend(key));
        spent.map_err(|wait| too_many("You ask too often.", wait))
    }

    /// Whether a client may try to sign in.
    ///
    /// # Errors
    /// 429 when it tried too many credentials that don't hold, unless this one has held before.
    pub fn admit(&self, client: IpAddr, credential: &[u8]) -> Result<(), Problem> {
        let Some((_, sign_ins)) = &self.spent else { return Ok(()) };
        sign_ins
            .admit(client, self.hasher.hash_one(credential))
            .map_err(|wait| too_many("Your address has sent too many credentials that don't hold.", wait))
    }

    /// Notes that a credential did not hold.
    pub fn failed(&self, client: IpAddr, credential: &[u8]) {
        if let Some((_, sign_ins)) = &self.spent {
            sign_ins.failed(client, self.hasher.hash_one(credential));
        }
    }

    /// Notes that a credential did.
    pub fn held(&self, credential: &[u8]) {
        if let Some((_, sign_ins)) = &self.spent {
            sign_ins.held(self.hasher.hash_one(credential));
        }
    }
}

/// Refuses requests that come too often, and credentials of those who guess.
pub async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let throttle = app.throttle();
    let client = client_of(&app, request.extensions(), request.headers());
    let credential = credential(request.headers());
    let admitted = if routes::is_limited(request.method(), request.uri().path(), credential.is_none()) {
        throttle.spend(client, credential.as_deref())
    } else {
        Ok(())
    };
    let admitted = match &credential {
        Some(credential) => admitted.and_then(|()| throttle.admit(client, credential)),
        None => admitted,
    };
    if let Err(problem) = admitted {
        tracing::debug!(%client, "has to wait");
        return problem.into_response();
    }
    let response = next.run(request).await;
    if let Some(credential) = credential.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
        throttle.failed(client, &credential);
    }
    response
}

/// Whose requests count as one client's.
pub fn client_of(app: &App, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    site(client_address(app.settings(), peer(extensions), headers))
}

/// The token, or whatever else is in its place.
fn credential(headers: &HeaderMap) -> Option<Vec<u8>> {
    match bearer(headers) {
        Ok(token) => token.map(|token| token.as_bytes().to_vec()),
        Err(_) => headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec()),
    }
}

fn too_many(why: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = u32::try_from(seconds).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let plural = if seconds == NonZeroU32::MIN { "" } else { "s" };
    Problem::too_many(format!("{why} Please try again in {seconds} second{plural}."), seconds)
}
