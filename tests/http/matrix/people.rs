//! Who asks: everybody whom the rules tell apart, each with a real credential.

use mkt::core::access::{Caller, Credential, Principal};
use mkt::core::db::{Db, Wait};
use mkt::core::secret::Secret;
use mkt::core::session;
use mkt::core::signing::Keys;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

use super::super::{Answer, text};
use crate::support::{ADMIN_TOKEN, Database, SECRET_KEY, Server, granted};

/// How users come by their permissions.
#[derive(Clone, Copy)]
pub enum Given {
    /// They have none: even the role of all new users was taken from them.
    Nothing,
    /// By the role that all new users have.
    Standard,
    /// By a role that marketplaces start with.
    Role(&'static str),
    /// By such a role, which their group has.
    GroupRole(&'static str),
    /// By a role of their own, which has their name.
    OwnRole,
}

const ALL_OF_PRODUCTS: &[&str] = &["products.*", "builds.*"];
const WHO_USES_WHAT: &[&str] = &["attempts.read", "entitlements.read", "claims.read"];

/// The users, with what their roles permit beyond what everybody may.
pub const USERS: &[(&str, Given, &[&str])] = &[
    ("nobody", Given::Nothing, &[]),
    ("standard", Given::Standard, &[]),
    ("vendor", Given::Standard, &[]),
    ("rival", Given::Standard, &[]),
    ("buyer", Given::Standard, &[]),
    ("friend", Given::Standard, &[]),
    ("editor", Given::Role("Editor"), ALL_OF_PRODUCTS),
    ("auditor", Given::Role("Auditor"), WHO_USES_WHAT),
    ("deputy", Given::GroupRole("Auditor"), WHO_USES_WHAT),
    ("reader of products", Given::OwnRole, &["products.read", "builds.read"]),
    ("updater of products", Given::OwnRole, &["products.update"]),
    ("validator of products", Given::OwnRole, &["products.validate"]),
    ("deleter of products", Given::OwnRole, &["products.delete"]),
    ("creator of products", Given::OwnRole, &["products.create"]),
    ("updater of builds", Given::OwnRole, &["builds.update"]),
    ("publisher of builds", Given::OwnRole, &["builds.publish"]),
    ("validator of builds", Given::OwnRole, &["builds.validate"]),
    ("reader of reviews", Given::OwnRole, &["reviews.read"]),
    ("reader of configurations", Given::OwnRole, &["configurations.read"]),
    ("keeper of offers", Given::OwnRole, &["product_licenses.*", "sub_products.*"]),
    ("keeper of badges", Given::OwnRole, &["badges.update"]),
    ("keeper of users", Given::OwnRole, &["users.read", "users.update"]),
    ("reader of tokens", Given::OwnRole, &["tokens.read"]),
    ("reader of the log", Given::OwnRole, &["audit.read"]),
    ("keeper of groups", Given::OwnRole, &["groups.*", "members.read"]),
    ("keeper of roles", Given::OwnRole, &["roles.*", "appointments.read"]),
    ("seller", Given::OwnRole, &["entitlements.*", "vouchers.create"]),
    ("reader of providers", Given::OwnRole, &["identity_providers.read"]),
    ("keeper of providers", Given::OwnRole, &["identity_providers.update"]),
    ("reader of instances", Given::OwnRole, &["instances.read", "platforms.read"]),
    // The last: with this one's token that of the first administrator ends.
    ("administrator", Given::Role("Administrator"), &["everything.manage"]),
];

/// Tokens that may be used for less than their users may do.
const LIMITED: &[(&str, &[&str])] = &[
    ("vendor", &["products.read"]),
    ("vendor", &["builds.*"]),
    ("vendor", &["*.read"]),
    ("editor", &["configurations.*"]),
    ("editor", &["products.read", "products.update"]),
    ("buyer", &["claims.read", "platforms.*"]),
    ("administrator", &["users.read"]),
    ("administrator", &["*.read"]),
];

/// Somebody who sends requests.
#[derive(Default)]
pub struct Person {
    pub name: String,
    /// The id of the user.
    pub user: Option<String>,
    /// The id of the platform.
    pub platform: Option<String>,
    /// What their roles permit, each a resource and a verb.
    pub permissions: &'static [&'static str],
    /// What their token may be used for, where it is not everything.
    pub scopes: &'static [&'static str],
    pub token: Option<String>,
}

impl Person {
    /// Whether a word of theirs, such as `products.*`, names this.
    fn named(words: &[&str], resource: &str, verb: &str) -> bool {
        words.iter().filter_map(|word| word.split_once('.')).any(|(on, may)| {
            (on == "*" || on == resource) && (may == "*" || may == verb) || (on, may) == ("everything", "manage")
        })
    }

    /// Whether a role permits this.
    pub fn permits(&self, resource: &str, verb: &str) -> bool {
        Self::named(self.permissions, resource, verb)
    }

    /// Whether their token may be used for this.
    pub fn covers(&self, resource: &str, verb: &str) -> bool {
        self.scopes.is_empty() || Self::named(self.scopes, resource, verb)
    }

    pub fn request(&self, server: &Server, method: Method, path: &str) -> RequestBuilder {
        let request = server.anonymous(method, path);
        self.token.iter().fold(request, |request, token| request.bearer_auth(token))
    }
}

/// The ids of users by name.
pub struct Users(Vec<(&'static str, String)>);

impl Users {
    /// Makes all users, each with the role of all new ones only.
    pub async fn make(server: &Server) -> Self {
        let mut users = Vec::new();
        for (name, ..) in USERS {
            let body = json!({ "name": name, "email": format!("{}@example.org", name.replace(' ', ".")) });
            users.push((*name, text(&server.create("/users", body).await, "id")));
        }
        Self(users)
    }

    pub fn id(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, id)| id.as_str()).unwrap()
    }

    /// Gives the users their roles and then their tokens. The group is the one that has a role.
    pub async fn sign_in(&self, server: &Server, group: &str) -> Vec<Person> {
        for (name, given, permissions) in USERS {
            self.appoint(server, name, *given, permissions, group).await;
        }
        let mut people = vec![Person { name: "stranger".into(), ..Person::default() }];
        let mut administrator = ADMIN_TOKEN.to_owned();
        let whole = USERS.iter().map(|(name, ..)| (*name, [].as_slice()));
        for (user, scopes) in whole.chain(LIMITED.iter().copied()) {
            let token = make_token(server, &administrator, self.id(user), scopes).await;
            let name = if scopes.is_empty() { user.into() } else { format!("{user} for {}", scopes.join(" ")) };
            if name == "administrator" {
                administrator.clone_from(&token);
            }
            let permissions = USERS.iter().find(|(name, ..)| *name == user).unwrap().2;
            let (user, token) = (Some(self.id(user).to_owned()), Some(token));
            people.push(Person { name, user, permissions, scopes, token, platform: None });
        }
        people
    }

    async fn appoint(&self, server: &Server, name: &str, given: Given, permissions: &[&str], group: &str) {
        let (role, entity) = match given {
            Given::Standard => return,
            Given::Nothing => {
                let appointments = format!("/roles/{}/appointments", role(server, "Standard").await);
                let own = server.get(&format!("{appointments}?entity_id={}", self.id(name))).await;
                let path = text(&own["results"][0], "path");
                assert_eq!(server.send(Method::DELETE, &path, json!({})).await.0, 200);
                return;
            }
            Given::Role(seeded) => (role(server, seeded).await, ("User", self.id(name))),
            Given::GroupRole(seeded) => (role(server, seeded).await, ("Group", group)),
            Given::OwnRole => {
                let body = json!({ "name": name, "permissions": granted(permissions) });
                (text(&server.create("/roles", body).await, "id"), ("User", self.id(name)))
            }
        };
        let body = json!({ "entity_type": entity.0, "entity_id": entity.1 });
        server.create(&format!("/roles/{role}/appointments"), body).await;
    }
}

/// The id of a role that marketplaces start with.
pub async fn role(server: &Server, name: &str) -> String {
    text(&server.get(&format!("/roles?name={name}")).await["results"][0], "id")
}

async fn make_token(server: &Server, administrator: &str, user: &str, scopes: &[&str]) -> String {
    let request = server.anonymous(Method::POST, &format!("/users/{user}/tokens")).bearer_auth(administrator);
    let body = json!({ "name": "Matrix", "expires_at": "2099-01-31", "scopes": scopes });
    text(&Answer::to(request.json(&body)).await.json(), "token")
}

/// A platform, signed in by what the marketplace signs for those that prove who they are.
pub async fn platform(database: &Database, id: &str) -> Person {
    let key = Secret::new(SECRET_KEY);
    let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap().with_secret_key(&key).unwrap();
    let platform: Uuid = id.parse().unwrap();
    let caller = Caller::new(Principal::platform(platform.into(), Credential::default()), "".into());
    let session = session::for_platform(&db, &Keys::default(), &caller, platform.into()).await.unwrap();
    let token = Some(session.token.expose().to_owned());
    Person { name: "platform".into(), platform: Some(id.into()), token, ..Person::default() }
}
