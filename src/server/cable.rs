//! Events over WebSocket, in the protocol of Rails' ActionCable: the handshake. Frames are read and written in `frame`,
//! a connection's life is in `connection`, what it may subscribe to in `channel`; `hub` gives each event to all who follow it.

mod channel;
mod connection;
mod frame;
mod history;
mod hub;
mod lost;
mod member;
mod parcel;
mod presence;
mod replay;
mod spoken;
mod subscription;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

pub use self::hub::{Hub, Membership, TooMany};
pub use self::lost::Lost;
pub use self::member::Told;
pub use self::presence::Presence;

use self::connection::Restored;
use self::frame::{Dialect, Disconnect};
use self::member::Ending;
use super::App;
use super::address::client_address;
use super::asker::{authenticate, bearer, origin_of};
use super::problem::Problem;
use super::shutdown::Hold;
use super::throttle::client_of;
use crate::core::Kind;
use crate::core::access::Caller;

/// The protocols that are spoken here, the better one first.
const SPOKEN: [(&str, Dialect); 2] =
    [("actioncable-v1-ext-json", Dialect::Extended), ("actioncable-v1-json", Dialect::Base)];
/// What Rails' client offers to be told that none of the others will do.
const UNSUPPORTED: &str = "actioncable-unsupported";
/// Browsers can't set headers, so a token may come as if it were a protocol.
const TOKENS: [&str; 2] = ["actioncable-token.", "anycable-token."];
/// The query parameters that may hold a token: the reference's, and AnyCable's.
const TOKEN_PARAMETERS: [&str; 2] = ["jwt", "jid"];
/// Where a client that comes back names the connection that it had.
const SID_PARAMETER: &str = "sid";
const SID_HEADER: &str = "x-anycable-restore-sid";
/// How many handshakes go on at a time: each may take a look at the database.
pub const HANDSHAKES: usize = 64;
/// After how many seconds at most somebody may try again whose handshake was one too many.
const AGAIN: u32 = 10;
/// What a frame may measure before the connection breaks without a word; above [`frame::LIMIT`], so that there is one.
const HARD_LIMIT: usize = 4 * frame::LIMIT;
/// Buffers are held by each connection, and most frames are small: for others they grow.
const BUFFER: usize = 1024;

/// Opens a WebSocket. Credentials that don't hold are refused inside it, where clients can tell why.
pub async fn connect(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &app).await else { return upgrade_required() };
    let offered =
        Offer::of(parts.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok()));
    let mut upgrade = upgrade
        .max_frame_size(HARD_LIMIT)
        .max_message_size(HARD_LIMIT)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    if let Some(picked) = offered.picked {
        upgrade.set_selected_protocol(HeaderValue::from_static(picked));
    }
    // From before the request ends, so that a server that stops does not miss it.
    let hold = app.shutdown().hold();
    if !offered.understood {
        return upgrade.on_upgrade(|socket| holding(hold, connection::refuse(socket, Disconnect::InvalidRequest)));
    }
    // Everybody comes back at once when a server does: those that are too many now may try again, spread over a while.
    let admitted = match app.handshakes().try_acquire() {
        Ok(_turn) if !app.shutdown().started() => admit(&app, &parts, &offered).await,
        _ => return too_busy().into_response(),
    };
    match admitted {
        Ok(Some((membership, restored))) => {
            let dialect = offered.dialect;
            let serve = async move |socket| connection::serve(app, membership, dialect, restored, socket).await;
            upgrade.on_upgrade(|socket| holding(hold, serve(socket)))
        }
        Ok(None) => upgrade.on_upgrade(|socket| holding(hold, connection::refuse(socket, Disconnect::Unauthorized))),
        Err(problem) => problem.into_response(),
    }
}

fn too_busy() -> Problem {
    let (random, ..) = Uuid::new_v4().as_fields();
    let seconds = NonZeroU32::MIN.saturating_add(random % AGAIN);
    Problem::unavailable("Too many connect at once. Please try again in a moment.", seconds)
}

/// Keeps the server from ending until a connection has ended.
async fn holding(hold: Hold, connection: impl Future<Output = ()>) {
    connection.await;
    drop(hold);
}

/// Who connects, if they may, with what they had before if they come back.
///
/// # Errors
/// 429 when too many tokens from there did not hold, or one has too many connections, 503 when the database is away.
async fn admit(app: &App, parts: &Parts, offered: &Offer<'_>) -> Result<Option<(Membership, Restored)>, Problem> {
    let version = app.db().access_version();
    let Some(caller) = identify(app, parts, offered.token).await? else { return Ok(None) };
    let address = Some(client_address(app.settings(), super::address::peer(&parts.extensions), &parts.headers));
    let caller = Caller { address, ..caller };
    // Clients of the other protocol subscribe anew, and are told nothing before that is confirmed.
    let restored = match sid(parts).filter(|_| offered.dialect == Dialect::Extended) {
        Some(sid) => restore(app, &caller, sid).await?,
        None => None,
    };
    let membership = app.hub().join(caller).map_err(|TooMany| {
        let message =
            "Too many connections are open with these credentials. Close some, or use a token of another user.";
        Problem::too_many(message, NonZeroU32::MIN.saturating_add(AGAIN))
    })?;
    // What was revoked in between has ended the others already.
    if app.db().access_version() != version {
        membership.recheck().await?;
    }
    Ok(Some((membership, restored)))
}

/// The connection that a client had, by its own account.
fn sid(parts: &Parts) -> Option<Uuid> {
    let header = parts.headers.get(SID_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    header.or_else(|| in_query(parts, &[SID_PARAMETER])).and_then(|sid| sid.parse().ok())
}

/// What a caller had subscribed to on another connection and may still follow; nothing if that was somebody else's.
async fn restore(app: &App, caller: &Caller, sid: Uuid) -> Result<Restored, Problem> {
    let actor = caller.principal.actor;
    let had = match app.hub().member(sid) {
        Some(member) if member.caller().principal.actor == actor => {
            // The server has not noticed yet that the client has gone.
            let had = member.identifiers();
            member.end(Ending::Replaced);
            Some(had)
        }
        Some(_) => None,
        None => app.lost().find(app.db(), sid, actor).await?,
    };
    let Some(had) = had else { return Ok(None) };
    let mut restored = Vec::with_capacity(had.len());
    for identifier in had {
        let Some(stream) = channel::named(&identifier, caller) else { continue };
        if stream.is_open_to(app.db(), caller, app.settings().anonymous_events).await? {
            restored.push((Arc::from(identifier), stream));
        }
    }
    Ok(Some(restored))
}

/// Who connects, if they may.
async fn identify(app: &App, parts: &Parts, offered: Option<&str>) -> Result<Option<Caller>, Problem> {
    let origin = origin_of(parts, app);
    let token = match bearer(&parts.headers) {
        Ok(Some(token)) => token.to_owned(),
        Ok(None) => match in_query(parts, &TOKEN_PARAMETERS).or_else(|| offered.map(str::to_owned)) {
            Some(token) => token,
            None => return Ok(app.settings().anonymous_events.then(|| Caller::anonymous(origin))),
        },
        Err(_) => return Ok(None),
    };
    let client = client_of(app, &parts.extensions, &parts.headers);
    app.throttle().admit(client, token.as_bytes())?;
    match authenticate(app, &token, origin).await {
        Err(error) if error.kind() == Kind::Unauthenticated => {
            app.throttle().failed(client, token.as_bytes());
            Ok(None)
        }
        caller => Ok(Some(caller?)),
    }
}

/// The first value in the query that is not empty, of parameters of these names.
fn in_query(parts: &Parts, names: &[&str]) -> Option<String> {
    let mut pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(name, value)| names.contains(&&**name) && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// What a client offers in `Sec-WebSocket-Protocol`, and what becomes of it.
#[derive(Debug, PartialEq, Eq)]
struct Offer<'a> {
    /// The protocol to name in the answer.
    picked: Option<&'static str>,
    /// What is spoken then.
    dialect: Dialect,
    /// Whether the two can talk. Clients that offer nothing take what there is.
    understood: bool,
    /// The token among the protocols.
    token: Option<&'a str>,
}

impl<'a> Offer<'a> {
    fn of(headers: impl Iterator<Item = &'a str>) -> Self {
        let (mut token, mut spoken, mut unsupported, mut unknown) = (None, [false; SPOKEN.len()], false, false);
        for entry in headers.flat_map(|value| value.split(',')).map(str::trim) {
            if let Some(place) = SPOKEN.iter().position(|(name, _)| *name == entry) {
                spoken[place] = true;
                continue;
            }
            match entry {
                UNSUPPORTED => unsupported = true,
                "" => {}
                entry => match TOKENS.iter().find_map(|prefix| entry.strip_prefix(prefix)) {
                    Some(found) => token = token.or(Some(found)),
                    None => unknown = true,
                },
            }
        }
        let best = SPOKEN.iter().zip(spoken).find_map(|(known, offered)| offered.then_some(*known));
        let picked = best.map(|(name, _)| name).or(unsupported.then_some(UNSUPPORTED));
        let dialect = best.map_or(Dialect::Base, |(_, dialect)| dialect);
        Self { picked, dialect, understood: best.is_some() || !unsupported && !unknown, token }
    }
}

fn upgrade_required() -> Response {
    let message =
        "This is the address of a WebSocket, for ActionCable clients. GET /events has the same events over plain HTTP.";
    let headers = [(header::UPGRADE, "websocket"), (header::CONNECTION, "upgrade")];
    (headers, Problem::new(StatusCode::UPGRADE_REQUIRED, message)).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_picked() {
        const BASE: &str = "actioncable-v1-json";
        const NEXT: &str = "actioncable-v1-ext-json";
        for (headers, picked, understood, token) in [
            (vec![], None, true, None),
            (vec![""], None, true, None),
            (vec![BASE], Some(BASE), true, None),
            (vec!["actioncable-v1-json, actioncable-unsupported"], Some(BASE), true, None),
            (vec!["graphql-ws", " actioncable-v1-json "], Some(BASE), true, None),
            (vec![NEXT], Some(NEXT), true, None),
            (vec!["actioncable-v1-json, actioncable-v1-ext-json"], Some(NEXT), true, None),
            (vec![UNSUPPORTED, "graphql-ws"], Some(UNSUPPORTED), false, None),
            (vec![UNSUPPORTED], Some(UNSUPPORTED), false, None),
            (vec!["graphql-ws"], None, false, None),
            (vec!["ACTIONCABLE-V1-JSON"], None, false, None),
            (vec!["anycable-token.abc"], None, true, Some("abc")),
            (vec!["actioncable-token.a.b.c,actioncable-v1-json"], Some(BASE), true, Some("a.b.c")),
            (vec!["anycable-token.abc", NEXT], Some(NEXT), true, Some("abc")),
        ] {
            let dialect = if picked == Some(NEXT) { Dialect::Extended } else { Dialect::Base };
            let expected = Offer { picked, dialect, understood, token };
            assert_eq!(Offer::of(headers.iter().copied()), expected, "{headers:?}");
        }
    }

    #[test]
    fn tokens_are_found_in_queries() {
        for (query, expected) in [
            ("jwt=abc", Some("abc")),
            ("x=1&jwt=a%2Bb", Some("a+b")),
            ("jwt=&jwt=x", Some("x")),
            ("jid=abc", Some("abc")),
            ("jwt=", None),
            ("token=abc", None),
            ("", None),
        ] {
            let request = Request::builder().uri(format!("/cable?{query}")).body(axum::body::Body::empty()).unwrap();
            let (parts, _) = request.into_parts();
            assert_eq!(in_query(&parts, &TOKEN_PARAMETERS).as_deref(), expected, "{query}");
        }
    }
}
