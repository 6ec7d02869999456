//! What the throttle counts: what lets one guess, and what costs much and asks for no sign-in.

use axum::http::Method;

/// Methods and paths; `*` is any method, and any segment of a path.
const COUNTED: [(&str, &str); 10] = [
    ("*", "/identity_providers/*/redirect"),
    ("*", "/session"),
    ("*", "/sessions"),
    ("*", "/device"),
    ("*", "/device/*"),
    ("*", "/oauth/token"),
    ("*", "/vouchers/*/redeem"),
    ("POST", "/users/*/tokens"),
    ("POST", "/users/*/tokens/*/rotate"),
    ("POST", "/users/*/token/*/rotate"),
];
/// Those that are counted when nobody signs in for them.
const COUNTED_OF_STRANGERS: [(&str, &str); 1] = [("POST", "/packages")];

/// Whether a request counts.
pub fn is_limited(method: &Method, path: &str, stranger: bool) -> bool {
    let others: &[_] = if stranger { &COUNTED_OF_STRANGERS } else { &[] };
    COUNTED.iter().chain(others).any(|(verb, pattern)| (*verb == "*" || method == verb) && matches(pattern, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(segment)) if expected == segment || expected == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts() {
        for (method, path, stranger, expected) in [
            (Method::GET, "/session", true, true),
            (Method::DELETE, "/sessions", false, true),
            (Method::GET, "/sessions/x", true, false),
            (Method::GET, "/identity_providers/1/redirect", true, true),
            (Method::GET, "/identity_providers/1", true, false),
            (Method::POST, "/device/code", true, true),
            (Method::POST, "/oauth/token", true, true),
            (Method::POST, "/vouchers/AB-CD/redeem", false, true),
            (Method::POST, "/users/1/tokens", false, true),
            (Method::GET, "/users/1/tokens", false, false),
            (Method::POST, "/users/1/tokens/search", false, false),
            (Method::POST, "/users/1/tokens/2/rotate", false, true),
            (Method::POST, "/packages", true, true),
            (Method::POST, "/packages", false, false),
            (Method::GET, "/products", true, false),
            (Method::GET, "/", true, false),
        ] {
            assert_eq!(is_limited(&method, path, stranger), expected, "{method} {path} {stranger}");
        }
    }
}
