//! Signing in and out, and the tokens that are kept for it: where, for whom, and for which server alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{ADMIN_TOKEN, Case, Database, Home, Server, mkt, on_both};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_token_taken_in_is_kept_for_its_server_alone() {
    let [server, other] = [Server::start(&Database::sqlite()).await, Server::start(&Database::sqlite()).await];
    let [here, there] = [&server, &other].map(|server| server.url(""));
    let home = Home::new();
    let login = home.piped(&["login", "--with-token", "--server", &here], &[], &format!("{ADMIN_TOKEN}\n")).await;
    assert!(login.stderr.contains("as administrator") && login.stdout.is_empty(), "{login:?}");
    let kept = home.file("credentials.toml");
    assert_eq!((mode(&kept), mode(kept.parent().unwrap())), (0o600, 0o700));
    let files = std::fs::read_dir(kept.parent().unwrap()).unwrap().count();
    assert_eq!(files, 2, "nothing is left behind beside config.toml and credentials.toml");
    // The profile is that of the server from now on.
    let me = home.mkt(&["whoami"], &[]).await.ok();
    for part in ["administrator", &here, "mkt login", "everything: manage"] {
        assert!(me.contains(part), "{part}: {me}");
    }
    let status = home.mkt(&["whoami", "--json"], &[]).await.json();
    assert_eq!(status["identity"]["user"]["name"], "administrator");
    let id = home.mkt(&["whoami", "--output", "id"], &[]).await.ok();
    assert_eq!(id.trim(), status["identity"]["user_id"].as_str().unwrap());
    // Another server never sees it, and can't take its place.
    assert_eq!(home.mkt(&["whoami", "--server", &there], &[]).await.code, 4);
    assert!(home.mkt(&["status", "--server", &there], &[]).await.ok().contains("nobody"));
    let elsewhere = home.piped(&["login", "--with-token", "--server", &there], &[], ADMIN_TOKEN).await;
    assert!(elsewhere.code == 2 && elsewhere.stderr.contains("mkt profile add"), "{}", elsewhere.stderr);
    // The environment counts for more.
    let wrong = home.mkt(&["whoami"], &[("MKT_TOKEN", "wrong")]).await;
    assert!(wrong.code == 4 && wrong.stderr.contains("mkt login"), "{}", wrong.stderr);
    let file = home.file("another");
    std::fs::write(&file, ADMIN_TOKEN).unwrap();
    let by_flag = home.mkt(&["whoami", "--token-file", file.to_str().unwrap()], &[("MKT_TOKEN", "wrong")]).await.ok();
    assert!(by_flag.contains(file.to_str().unwrap()), "{by_flag}");
    // Forgotten again: this token is not the marketplace's to end.
    let logout = home.mkt(&["logout"], &[]).await;
    assert!(logout.stderr.contains("You are signed out"), "{}", logout.stderr);
    logout.ok();
    assert!(!std::fs::read_to_string(&kept).unwrap().contains(ADMIN_TOKEN));
    assert_eq!(home.mkt(&["whoami"], &[]).await.code, 4);
    assert!(home.mkt(&["logout"], &[]).await.stderr.contains("Nobody is signed in"));
}

on_both! {
    async fn signing_out_ends_the_token(database: Database) {
        let server = Server::start(&database).await;
        let at = [("MKT_SERVER", server.url(""))];
        let at: Vec<(&str, &str)> = at.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let made = |name: &'static str| async { server.mkt(&["token", "create", name]).await.ok() };
        let (first, second) = (made("first").await, made("second").await);
        let home = Home::new();
        home.piped(&["login", "--with-token"], &at, &first).await.ok();
        // That of the environment alone, where it is set.
        let with_second = [&at[..], &[("MKT_TOKEN", second.trim())]].concat();
        let ended = home.mkt(&["logout"], &with_second).await;
        assert!(ended.stderr.contains("The token of MKT_TOKEN has ended"), "{}", ended.stderr);
        assert_eq!(home.mkt(&["whoami"], &with_second).await.code, 4);
        home.mkt(&["whoami"], &at).await.ok();
        home.mkt(&["logout"], &at).await.ok();
        let with_first = [&at[..], &[("MKT_TOKEN", first.trim())]].concat();
        assert_eq!(mkt(&["whoami"], &with_first).await.code, 4);
        // One that has ended already is signed out of as well.
        let third = made("third").await;
        home.piped(&["login", "--with-token"], &at, &third).await.ok();
        server.mkt(&["token", "revoke", "third"]).await.ok();
        home.mkt(&["logout"], &at).await.ok();
    }
}

#[tokio::test]
async fn a_server_that_is_away_keeps_nobody_signed_in_here() {
    let server = Server::start(&Database::sqlite()).await;
    let home = Home::new();
    home.piped(&["login", "--with-token", "--server", &server.url("")], &[], ADMIN_TOKEN).await.ok();
    drop(server);
    let logout = home.mkt(&["logout"], &[]).await;
    assert!(logout.code == 8 && logout.stderr.contains("forgotten here"), "{}", logout.stderr);
    assert_eq!(home.mkt(&["whoami"], &[]).await.code, 4);
}

#[tokio::test]
async fn files_that_others_may_read_are_refused() {
    let server = Server::start(&Database::sqlite()).await;
    let home = Home::new();
    home.piped(&["login", "--with-token", "--server", &server.url("")], &[], ADMIN_TOKEN).await.ok();
    let kept = home.file("credentials.toml");
    let allow = |mode| std::fs::set_permissions(&kept, PermissionsExt::from_mode(mode)).unwrap();
    for open in [0o640, 0o604, 0o620] {
        allow(open);
        let refused = home.mkt(&["whoami"], &[]).await;
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("chmod 600 {}", kept.display())), "{}", refused.stderr);
        home.mkt(&["whoami"], &[("MKT_TOKEN", ADMIN_TOKEN)]).await.ok();
    }
    allow(0o600);
    home.mkt(&["whoami"], &[]).await.ok();
    // Nothing that is said of a broken file quotes it.
    for broken in ["[default]\ntoken = \"tell-nobody", "default = \"tell-nobody\"", "[default]\ntell-nobody = 1"] {
        std::fs::write(&kept, broken).unwrap();
        let ran = home.mkt(&["whoami"], &[]).await;
        assert!(ran.code == 1 && ran.stderr.contains("credentials.toml:"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("tell-nobody"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn logins_at_once_lose_none() {
    let server = Server::start(&Database::sqlite()).await;
    let (home, address) = (Home::new(), server.url(""));
    let names: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
    let add = |name: &str| ["profile", "add", name, "--server", &address].map(str::to_owned);
    let each = names.iter().map(|name| {
        let home = &home;
        let add = add(name);
        async move {
            let add: Vec<&str> = add.iter().map(String::as_str).collect();
            home.mkt(&add, &[]).await.ok();
            home.piped(&["login", "--with-token", "--profile", name], &[], ADMIN_TOKEN).await.ok();
        }
    });
    futures_util::future::join_all(each).await;
    for name in &names {
        home.mkt(&["whoami", "--profile", name], &[]).await.ok();
    }
}

#[tokio::test]
async fn what_keeps_somebody_from_signing_in_is_told() {
    let server = Server::start(&Database::sqlite()).await;
    let (home, address) = (Home::new(), server.url(""));
    let at = [("MKT_SERVER", address.as_str())];
    let no_home = [("MKT_SERVER", address.as_str()), ("HOME", "")];
    let cases: [(&str, Case); 6] = [
        ("wrong-token", (&["--with-token"], &at, 4, "token")),
        ("", (&["--with-token"], &at, 2, "not a token")),
        ("two words", (&["--with-token"], &at, 2, "not a token")),
        ("", (&["--with-token", "--device"], &at, 2, "--device")),
        (ADMIN_TOKEN, (&["--with-token"], &no_home, 2, "no place")),
        ("", (&["--no-browser"], &at, 1, "mkt login --with-token")),
    ];
    for (typed, (arguments, variables, code, message)) in cases {
        let ran = home.piped(&[&["login"], arguments].concat(), variables, typed).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        assert!(typed.is_empty() || !ran.stderr.contains(typed), "{}", ran.stderr);
    }
    assert!(!home.file("credentials.toml").exists());
    for name in ["Hospital", "University"] {
        super::browser::add_provider(&server, name).await;
    }
    let several = home.mkt(&["login"], &at).await;
    assert!(several.code == 2 && several.stderr.contains("Hospital, University"), "{}", several.stderr);
    let unknown = home.mkt(&["login", "--provider", "Hopsital"], &at).await;
    assert!(unknown.code == 5 && unknown.stderr.contains("Did you mean: Hospital?"), "{}", unknown.stderr);
}
