//! Nobody gets more than they have by writing who has what, and the last administrator stays.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Answer, post, text};
use super::people::role;
use crate::support::{Database, Server, granted, on_both};

/// What the clerk's role permits: to write everything that rights come from, and no right to anything else.
const CLERK: &[&str] = &[
    "users.*",
    "roles.*",
    "appointments.*",
    "groups.*",
    "members.*",
    "tokens.*",
    "identities.*",
    "identity_providers.*",
];

/// A marketplace whose one administrator signs in by an identity alone.
struct Office {
    server: Server,
    /// The token of the clerk.
    clerk: String,
    /// The token of somebody who may only write tokens.
    minor: String,
    /// The paths and ids of what the rights of the administrator come from.
    paths: Vec<(&'static str, String)>,
}

impl Office {
    /// With the administrator appointed in person, or as the one member of a group that is.
    async fn open(database: &Database, by_group: bool) -> Self {
        let server = Server::start(database).await;
        let make = async |path: &str, body: Value| server.create(path, body).await;
        let user = async |name: &str| make("/users", json!({ "name": name })).await;
        let (boss, clerk) = (user("boss").await, user("clerk").await);
        let group = make("/groups", json!({ "name": "desk" })).await;
        let own_group = make("/groups", json!({ "name": "club" })).await;
        let members = format!("{}/members", text(&group, "path"));
        let member = make(&members, json!({ "user_id": boss["id"] })).await;
        make(&format!("{}/members", text(&own_group, "path")), json!({ "user_id": clerk["id"] })).await;
        let top = format!("/roles/{}", role(&server, "Administrator").await);
        let (kind, entity) = if by_group { ("Group", &group) } else { ("User", &boss) };
        let appointment = json!({ "entity_type": kind, "entity_id": entity["id"] });
        let appointment = make(&format!("{top}/appointments"), appointment).await;
        let (own_role, clerk_token) = sign_in(&server, &clerk, CLERK).await;
        let (_, minor) = sign_in(&server, &user("minor").await, &["tokens.*"]).await;
        let provider = json!({
            "name": "Open", "issuer": "https://open.example.org", "client_id": "mkt", "client_secret": "swordfish",
        });
        let provider = make("/identity_providers", provider).await;
        let identity = json!({ "identity_provider_id": provider["id"], "sub": "boss" });
        let identity = make(&format!("{}/identities", text(&boss, "path")), identity).await;
        post(&server, &format!("{}/enable", text(&provider, "path"))).await;
        let named = [
            ("boss", boss),
            ("clerk", clerk),
            ("group", group),
            ("club", own_group),
            ("member", member),
            ("appointment", appointment),
            ("own_role", own_role),
            ("provider", provider),
            ("identity", identity),
        ];
        let ids = named.iter().map(|(name, value)| (*name, text(value, "path"))).collect::<Vec<_>>();
        let paths = ids.into_iter().chain([("top", top)]).collect();
        Self { server, clerk: clerk_token, minor, paths }
    }

    /// A text in which `{name}` stands for the path of what has this name, and `{name id}` for its id.
    fn filled(&self, text: &str) -> String {
        self.paths.iter().fold(text.to_owned(), |text, (name, path)| {
            let id = path.rsplit('/').next().unwrap();
            text.replace(&format!("{{{name} id}}"), id).replace(&format!("{{{name}}}"), path)
        })
    }

    async fn attempt(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let body: Value = serde_json::from_str(&self.filled(&body.to_string())).unwrap();
        Answer::to(self.server.anonymous(method, &self.filled(path)).bearer_auth(token).json(&body)).await
    }
}

/// Gives a user a role with these permissions, and a token: answers both.
async fn sign_in(server: &Server, user: &Value, permissions: &[&str]) -> (Value, String) {
    let role = json!({ "name": user["name"], "permissions": granted(permissions) });
    let role = server.create("/roles", role).await;
    let appointment = json!({ "entity_type": "User", "entity_id": user["id"] });
    server.create(&format!("{}/appointments", text(&role, "path")), appointment).await;
    let token = server.create(&format!("{}/tokens", text(user, "path")), json!({ "expires_at": "2099-01-31" })).await;
    (role, text(&token, "token"))
}

on_both! {
    async fn nobody_gets_more_by_writing_who_has_what(database: Database) {
        let office = Office::open(&database, true).await;
        let everything = json!({ "everything": { "manage": true } });
        let (user, group) = (json!({ "entity_type": "User", "entity_id": "{clerk id}" }), json!({ "entity_type": "Group", "entity_id": "{club id}" }));
        let (post, patch) = (Method::POST, Method::PATCH);
        for (method, path, body, lacks) in [
            (&post, "/roles", json!({ "name": "x", "permissions": { "products": { "publish": true } } }), "products.publish"),
            (&patch, "{own_role}", json!({ "permissions": everything }), "everything.manage"),
            (&patch, "{top}", json!({ "default": true }), "everything.manage"),
            (&post, "{top}/appointments", user.clone(), "everything.manage"),
            (&post, "{top}/appointments", group, "everything.manage"),
            (&patch, "{appointment}", user, "everything.manage"),
            (&post, "{group}/members", json!({ "user_id": "{clerk id}" }), "everything.manage"),
            (&patch, "{member}", json!({ "user_id": "{clerk id}" }), "everything.manage"),
            (&post, "{boss}/tokens", json!({ "expires_at": "2099-01-31" }), "everything.manage"),
            (&post, "{boss}/identities", json!({ "identity_provider_id": "{provider id}", "sub": "clerk" }), "everything.manage"),
            (&patch, "{provider}", json!({ "issuer": "https://clerk.example.org" }), "everything.manage"),
            (&patch, "{provider}", json!({ "client_id": "clerk" }), "everything.manage"),
            (&patch, "{provider}", json!({ "alternate_client_id": "clerk" }), "everything.manage"),
        ] {
            let answer = office.attempt(&office.clerk, method.clone(), path, body).await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
            assert!(answer.body.contains(&format!("the permission {lacks}")), "{method} {path}: {}", answer.body);
        }
        // The clerk has more than the minor, whom the same kind of permission helps to nothing.
        let tokens = office.attempt(&office.clerk, Method::GET, "{clerk}/tokens", json!({})).await.json();
        let rotate = format!("{}/rotate", text(&tokens["results"][0], "path"));
        let answer = office.attempt(&office.minor, Method::POST, &rotate, json!({})).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(answer.body.contains("Nobody gives more than they have."), "{}", answer.body);

        // What gives nothing is theirs to do.
        for (method, path, body) in [
            (patch.clone(), "{provider}", json!({ "name": "Closed", "client_secret": "marlin" })),
            (patch, "{top}", json!({ "description": "All." })),
        ] {
            let answer = office.attempt(&office.clerk, method, path, body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        }

        let limited = json!({ "expires_at": "2099-01-31", "scopes": ["tokens.*"] });
        let limited = office.attempt(&office.clerk, Method::POST, "{clerk}/tokens", limited).await.json();
        let more = json!({ "expires_at": "2099-01-31" });
        let refused = office.attempt(&text(&limited, "token"), Method::POST, "{clerk}/tokens", more).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert!(refused.body.contains("A token with scopes makes no other tokens."), "{}", refused.body);
    }

    async fn the_last_administrator_stays(database: Database) {
        assert_stays(&Office::open(&database, false).await, &["{top}", "{appointment}", "{boss}", "{identity}", "{provider}"])
            .await;
    }

    async fn so_does_the_last_who_is_one_by_a_group(database: Database) {
        assert_stays(&Office::open(&database, true).await, &["{appointment}", "{member}", "{group}", "{boss}"]).await;
    }
}

/// Asserts that none of these can be deleted, nor the role or the provider made to be of no use.
async fn assert_stays(office: &Office, paths: &[&str]) {
    let deletions = paths.iter().map(|path| (Method::DELETE, *path, json!({})));
    let changes =
        [(Method::PATCH, "{top}", json!({ "permissions": {} })), (Method::POST, "{provider}/disable", json!({}))];
    for (method, path, body) in deletions.chain(changes) {
        let answer = office.attempt(&office.clerk, method.clone(), path, body).await;
        assert_eq!(answer.status, 409, "{method} {path}: {}", answer.body);
        assert!(answer.body.contains("leave nobody who can sign in as an administrator"), "{path}: {}", answer.body);
    }
}
