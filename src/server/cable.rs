//! Events over WebSocket, in the protocol of Rails' ActionCable: the handshake. Frames are read and written in `frame`,
//! a connection's life is in `connection`, what it may subscribe to in `channel`.

mod channel;
mod connection;
mod frame;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use self::frame::Disconnect;
use super::App;
use super::asker::{authenticate, bearer, origin_of};
use super::problem::Problem;
use super::shutdown::Hold;
use super::throttle::client_of;
use crate::core::Kind;
use crate::core::access::Caller;

/// The protocol that is spoken here.
const SPOKEN: &str = "actioncable-v1-json";
/// What Rails' client offers to be told that none of the others will do.
const UNSUPPORTED: &str = "actioncable-unsupported";
/// Browsers can't set headers, so a token may come as if it were a protocol.
const TOKENS: [&str; 2] = ["actioncable-token.", "anycable-token."];
/// The query parameters that may hold a token: the reference's, and AnyCable's.
const TOKEN_PARAMETERS: [&str; 2] = ["jwt", "jid"];
/// What a frame may measure before the connection breaks without a word; above [`frame::LIMIT`], so that there is one.
const HARD_LIMIT: usize = 4 * frame::LIMIT;
/// Buffers are held by each connection, and frames are small.
const BUFFER: usize = 4 * 1024;

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
    match admit(&app, &parts, offered.token).await {
        Ok(Some(caller)) => upgrade.on_upgrade(|socket| holding(hold, connection::serve(app, caller, socket))),
        Ok(None) => upgrade.on_upgrade(|socket| holding(hold, connection::refuse(socket, Disconnect::Unauthorized))),
        Err(problem) => problem.into_response(),
    }
}

/// Keeps the server from ending until a connection has ended.
async fn holding(hold: Hold, connection: impl Future<Output = ()>) {
    connection.await;
    drop(hold);
}

/// Who connects, if they may.
///
/// # Errors
/// 429 when too many tokens from there did not hold, 503 when the database is away.
async fn admit(app: &App, parts: &Parts, offered: Option<&str>) -> Result<Option<Caller>, Problem> {
    let origin = origin_of(parts, app);
    let token = match bearer(&parts.headers) {
        Ok(Some(token)) => token.to_owned(),
        Ok(None) => {
            match token_in_query(parts.uri.query().unwrap_or_default()).or_else(|| offered.map(str::to_owned)) {
                Some(token) => token,
                None => return Ok(app.settings().anonymous_events.then(|| Caller::anonymous(origin))),
            }
        }
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

fn token_in_query(query: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(name, token)| TOKEN_PARAMETERS.contains(&&**name) && !token.is_empty())
        .map(|(_, token)| token.into_owned())
}

/// What a client offers in `Sec-WebSocket-Protocol`, and what becomes of it.
#[derive(Debug, PartialEq, Eq)]
struct Offer<'a> {
    /// The protocol to name in the answer.
    picked: Option<&'static str>,
    /// Whether the two can talk. Clients that offer nothing take what there is.
    understood: bool,
    /// The token among the protocols.
    token: Option<&'a str>,
}

impl<'a> Offer<'a> {
    fn of(headers: impl Iterator<Item = &'a str>) -> Self {
        let (mut token, mut spoken, mut unsupported, mut unknown) = (None, false, false, false);
        for entry in headers.flat_map(|value| value.split(',')).map(str::trim) {
            match entry {
                SPOKEN => spoken = true,
                UNSUPPORTED => unsupported = true,
                "" => {}
                entry => match TOKENS.iter().find_map(|prefix| entry.strip_prefix(prefix)) {
                    Some(found) => token = token.or(Some(found)),
                    None => unknown = true,
                },
            }
        }
        let picked = if spoken { Some(SPOKEN) } else { unsupported.then_some(UNSUPPORTED) };
        Self { picked, understood: spoken || !unsupported && !unknown, token }
    }
}

fn upgrade_required() -> Response {
    let message =
        "This is the address of a WebSocket, for ActionCable clients. GET /events has the same events over plain HTTP.";
    let headers = [(header::UPGRADE, "websocket"), (header::CONNECTION, "upgrade")];
    (headers, Problem::new(StatusCode::UPGRADE_REQUIRED, message)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_picked() {
        const NEXT: &str = "actioncable-v1-ext-json";
        for (headers, picked, understood, token) in [
            (vec![], None, true, None),
            (vec![""], None, true, None),
            (vec![SPOKEN], Some(SPOKEN), true, None),
            (vec!["actioncable-v1-json, actioncable-unsupported"], Some(SPOKEN), true, None),
            (vec!["graphql-ws", " actioncable-v1-json "], Some(SPOKEN), true, None),
            (vec![UNSUPPORTED, "graphql-ws"], Some(UNSUPPORTED), false, None),
            (vec![UNSUPPORTED], Some(UNSUPPORTED), false, None),
            (vec!["graphql-ws"], None, false, None),
            (vec![NEXT], None, false, None),
            (vec!["ACTIONCABLE-V1-JSON"], None, false, None),
            (vec!["anycable-token.abc"], None, true, Some("abc")),
            (vec!["actioncable-token.a.b.c,actioncable-v1-json"], Some(SPOKEN), true, Some("a.b.c")),
            (vec!["anycable-token.abc", NEXT], None, false, Some("abc")),
        ] {
            assert_eq!(Offer::of(headers.iter().copied()), Offer { picked, understood, token }, "{headers:?}");
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
            assert_eq!(token_in_query(query).as_deref(), expected, "{query}");
        }
    }
}
