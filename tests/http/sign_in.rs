//! Signing in with a real OpenID provider: `oidc-provider` from npm, certified for its profiles.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Answer, column, text};
use crate::support::{ADMIN_TOKEN, Browser, Database, Provider, Server, on_both, query};

/// Signs somebody in by a provider and answers what the server gives a client that takes JSON.
pub async fn sign_in(server: &Server, provider: &str, somebody: &str) -> Value {
    let back =
        Browser::new().sign_in(&server.url(&format!("{provider}/redirect")), somebody, &server.url("/sessions")).await;
    let answer =
        Answer::to(server.anonymous(Method::GET, &path(server, &back)).header("accept", "application/json")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// An address of a server without the server.
pub fn path(server: &Server, url: &str) -> String {
    url.strip_prefix(&server.url("")).unwrap_or_else(|| panic!("{url} is not of the server")).to_owned()
}

/// What `/status` says to whoever has a token.
pub async fn status(server: &Server, token: &str) -> (u16, Value) {
    let answer = Answer::to(server.anonymous(Method::GET, "/status").bearer_auth(token)).await;
    (answer.status, answer.json())
}

on_both! {
    async fn people_sign_in_with_every_kind_of_signature(database: Database) {
        let server = Server::start_with(&database, &[], &[("MKT_ADMIN_EMAILS", "boss@example.org, unverified@example.org")]).await;
        let mut provider = Provider::start(&[&server]);
        let mut paths = Vec::new();
        // One provider is known once by its issuer: the algorithms take turns.
        for algorithm in ["RS256", "ES256", "EdDSA"] {
            let provider_path = provider.register(&server, algorithm).await;
            let session = sign_in(&server, &provider_path, "ada").await;
            let token = text(&session, "jwt");
            assert_eq!(session["authorization"], format!("Bearer {token}"));
            let (code, told) = status(&server, &token).await;
            assert_eq!((code, &told["identity"]["user"]["name"]), (200, &json!("ada Example")), "{told}");
            assert_eq!(told["identity"]["user"]["family_name"], "Example");
            assert_eq!(told["identity"]["provider"]["name"], algorithm);
            assert_eq!((&told["jwt"]["encoded"], &told["jwt"]["expires_at"]), (&json!(token), &session["expires_at"]));
            assert_eq!(told["permissions"]["products"]["read"], true, "default roles are appointed");
            assert_eq!(told["permissions"]["everything"]["manage"], false);
            let users = server.get("/users?name=ada").await;
            assert_eq!(users["total_entries"], 1);
            // Again, under another name: the same user, the new name.
            provider.tell("rename Lovelace");
            let again = sign_in(&server, &provider_path, "ada").await;
            assert_eq!(status(&server, &text(&again, "jwt")).await.1["identity"]["user"]["name"], "ada Lovelace");
            assert_eq!(server.get("/users?text=ada").await["total_entries"], 1);
            let identities = server.get(&format!("{}/identities", text(&users["results"][0], "path"))).await;
            assert_eq!((column(&identities, "sub"), &identities["results"][0]["locale"]), (vec![json!("ada")], &json!("en-GB")));
            assert_eq!(identities["results"][0]["jwt"]["email_verified"], true);
            provider.tell("rename Example");

            // What the provider said of itself is kept; its secret is not told to anybody.
            let row = server.get(&provider_path).await;
            assert_eq!(row["configuration"]["issuer"], provider.issuer);
            assert_eq!(row["public_keys"]["keys"].as_array().unwrap().len(), 3);
            assert!(!row.to_string().contains("secret of"));

            // Who is disabled signs nobody in, and whom it signed in is out, until it is enabled again.
            server.send(Method::POST, &format!("{provider_path}/disable"), json!({})).await;
            assert_eq!(status(&server, &token).await.0, 401);
            let away = Answer::to(server.anonymous(Method::GET, &format!("{provider_path}/redirect"))).await;
            assert_eq!(away.status, 404, "{}", away.body);
            server.send(Method::POST, &format!("{provider_path}/enable"), json!({})).await;
            assert_eq!(status(&server, &token).await.0, 200);
            paths.push(provider_path.clone());
            server.send(Method::DELETE, &text(&users["results"][0], "path"), json!({})).await;
            assert_eq!(status(&server, &token).await.0, 401, "gone with the user");
            if algorithm != "EdDSA" {
                server.send(Method::DELETE, &provider_path, json!({})).await;
            }
        }

        // Administrators by their mail address, if it is verified.
        let provider_path = paths.pop().unwrap();
        let plain = text(&sign_in(&server, &provider_path, "unverified").await, "jwt");
        assert_eq!(status(&server, &plain).await.1["permissions"]["everything"]["manage"], false);
        assert_eq!(status(&server, ADMIN_TOKEN).await.0, 200);
        let boss = text(&sign_in(&server, &provider_path, "boss").await, "jwt");
        assert_eq!(status(&server, &boss).await.1["permissions"]["everything"]["manage"], true);
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        assert_eq!(status(&server, ADMIN_TOKEN).await.0, 401, "a person is an administrator now");
        for secret in [&plain, &boss, "secret of"] {
            assert!(!server.log().contains(secret), "secrets stay out of the log");
        }
    }

    async fn programs_and_pages_get_what_they_asked_for(database: Database) {
        let ui = ("MKT_UI_URL", "https://ui.example.org/market/");
        let server = Server::start_with(&database, &[], &[ui]).await;
        let provider = Provider::start(&[&server]);
        let redirect = format!("{}/redirect", provider.register(&server, "ES256").await);
        let verifier = "a verifier of at least forty-three characters, made up";
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));

        // A program on the user's machine gets a code, to swap once.
        let back = "http://127.0.0.1:4711/callback?state=mine";
        let from = |return_to: &str, more: &str| {
            let return_to: String = form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
            server.url(&format!("{redirect}?return_to={return_to}{more}"))
        };
        let challenged = format!("&code_challenge={challenge}&code_challenge_method=S256");
        let arrived = async || query(&Browser::new().sign_in(&from(back, &challenged), "eve", "http://127.0.0.1:4711").await);
        let swap = async |code: &Value, verifier: &str| {
            let body = json!({ "code": code, "code_verifier": verifier });
            Answer::to(server.anonymous(Method::POST, "/sessions").json(&body)).await
        };
        let given = arrived().await;
        assert_eq!((&given["state"], &given["jwt"]), (&json!("mine"), &Value::Null));
        let session = swap(&given["code"], verifier).await;
        assert_eq!(status(&server, &text(&session.json(), "jwt")).await.0, 200);
        assert_eq!(swap(&given["code"], verifier).await.status, 401, "once");
        let given = arrived().await;
        assert_eq!(swap(&given["code"], "another verifier").await.status, 401);
        assert_eq!(swap(&given["code"], verifier).await.status, 401, "a code that was tried is spent");

        // A page gets the token in its address, in the browser that asked for it and in no other.
        let page = "https://ui.example.org/market/signed-in";
        let session = query(&Browser::new().sign_in(&from(page, ""), "eve", page).await);
        assert_eq!(status(&server, session["jwt"].as_str().unwrap()).await.0, 200);
        let stolen = Browser::new().sign_in(&from(page, ""), "eve", &server.url("/sessions")).await;
        let victim = Browser::new().send(&stolen, None).await;
        let told = query(victim.headers()["location"].to_str().unwrap());
        assert_eq!((&told["error"], &told["jwt"]), (&json!("access_denied"), &Value::Null));
        assert_eq!(told["message"], "This sign-in was started in another browser. Please start again.");
        let home = Browser::new().sign_in(&server.url(&redirect), "eve", "https://ui.example.org/market/").await;
        assert_eq!(status(&server, query(&home)["jwt"].as_str().unwrap()).await.0, 200);

        // Nowhere else, and not without proof.
        for (return_to, more, field) in [
            ("https://evil.example.org/", "", "return_to"),
            ("https://ui.example.org.evil.example/", "", "return_to"),
            ("https://ui.example.org@evil.example/", "", "return_to"),
            ("http://127.0.0.1.evil.example/", challenged.as_str(), "return_to"),
            ("javascript:alert(1)", challenged.as_str(), "return_to"),
            ("//evil.example", "", "return_to"),
            (back, "", "code_challenge"),
            (back, "&code_challenge=short", "code_challenge"),
            (back, &challenged.replace("S256", "plain"), "code_challenge_method"),
        ] {
            let path = path(&server, &from(return_to, more));
            let answer = Answer::to(server.anonymous(Method::GET, &path)).await;
            assert_eq!((answer.status, answer.json()["errors"][field].is_array()), (422, true), "{return_to}: {}", answer.body);
        }
    }

    async fn a_sign_in_is_good_once_and_for_its_own_provider(database: Database) {
        let server = Server::start(&database).await;
        let mut one = Provider::start(&[&server]);
        let other = Provider::start(&[&server]);
        let [first, second] = [one.register(&server, "RS256").await, other.register(&server, "ES256").await];
        let come_back = async |url: &str| Answer::to(server.anonymous(Method::GET, &path(&server, url))).await;
        let leave = async |provider: &str| {
            Browser::new().sign_in(&server.url(&format!("{provider}/redirect")), "mallory", &server.url("/sessions")).await
        };
        // Once.
        let back = leave(&first).await;
        assert_eq!(come_back(&back).await.status, 200);
        assert_eq!(come_back(&back).await.status, 401);
        // The state of one provider with the code of the other, with and without the issuer that came along.
        let [mine, theirs] = [query(&leave(&first).await), query(&leave(&second).await)];
        let [state, code] = [mine["state"].as_str().unwrap(), theirs["code"].as_str().unwrap()];
        let mixed = server.url(&format!("/sessions?state={state}&code={code}"));
        let refused = come_back(&mixed).await;
        assert_eq!((refused.status, refused.json()["message"].as_str().unwrap().contains("RS256")), (401, true), "{}", refused.body);
        let mine = query(&leave(&first).await);
        let (state, code) = (mine["state"].as_str().unwrap(), mine["code"].as_str().unwrap());
        let other_issuer: String = form_urlencoded::byte_serialize(other.issuer.as_bytes()).collect();
        assert_eq!(come_back(&server.url(&format!("/sessions?state={state}&code={code}&iss={other_issuer}"))).await.status, 401);
        // Keys that change while somebody is away are asked for.
        let back = leave(&first).await;
        one.tell("rotate");
        assert_eq!(come_back(&back).await.status, 200);
        // Made up, missing, or refused by the user.
        for (path, expected) in [
            ("/sessions", 400),
            ("/sessions?code=1", 400),
            ("/sessions?state=&code=1", 401),
            ("/sessions?state=made-up&code=1", 401),
            ("/sessions?state=%00&code=1", 401),
            ("/sessions?state=1&state=2", 400),
        ] {
            let answer = Answer::to(server.anonymous(Method::GET, path)).await;
            assert_eq!(answer.status, expected, "{path}: {}", answer.body);
        }
        let start = Answer::to(server.anonymous(Method::GET, &format!("{first}/redirect"))).await;
        let sent = query(start.header("location"));
        assert_eq!((&sent["code_challenge_method"], &sent["scope"]), (&json!("S256"), &json!("openid profile email")));
        assert_eq!(sent["aud"], server.url(""), "as SMART on FHIR asks");
        let denied = format!("/sessions?state={}&error=access_denied&error_description=No%0Athanks", text(&sent, "state"));
        let answer = Answer::to(server.anonymous(Method::GET, &denied)).await;
        assert_eq!((answer.status, answer.json()["message"].as_str().unwrap().ends_with("refused the sign-in: Nothanks.")), (401, true));
        // By POST, as the reference's clients start it.
        let id = first.rsplit('/').next().unwrap();
        let start = Answer::to(server.anonymous(Method::POST, "/session").json(&json!({ "provider_id": id }))).await;
        assert_eq!((start.status, start.header("location").starts_with(&one.issuer)), (302, true));
        drop(one);
        let away = Answer::to(server.anonymous(Method::GET, &format!("{first}/redirect"))).await;
        assert_eq!(away.status, 302, "what is known of it still holds");
        let gone = query(away.header("location"));
        let back = format!("/sessions?state={}&code=1", text(&gone, "state"));
        let answer = Answer::to(server.anonymous(Method::GET, &back)).await;
        assert_eq!((answer.status, answer.header("retry-after").is_empty()), (503, false), "{}", answer.body);
        assert_eq!(StatusCode::from_u16(answer.status).unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
