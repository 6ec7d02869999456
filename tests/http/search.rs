//! Search: what is found, in which order, whatever is asked.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, column, text};
use crate::support::{Database, Manifest, Server, on_both};

on_both! {
    async fn better_hits_come_first(database: Database) {
        let server = Server::start(&database).await;
        for (name, description) in [
            ("b Cardiology", "For the heart."),
            ("a Cardiology", "For the heart."),
            ("Heartbeat monitor", ""),
            ("Monitor of the heart", "Heart, heart, heart."),
            ("Heart monitor", ""),
            ("Dermatology", "Not the hearty kind."),
            ("Lungs", ""),
            ("Thermometer", "Of some kind."),
            ("Quality of kind care", "For thermometers."),
        ] {
            server.create("/products", json!({ "name": name, "description": description })).await;
        }
        let all = ["Heart monitor", "Monitor of the heart", "Heartbeat monitor", "a Cardiology", "b Cardiology", "Dermatology"];
        for (query, expected) in [
            ("text=heart", &all[..]),
            ("text=HEART&per_page=2", &all[..2]),
            ("text=heart&per_page=2&page=2", &all[2..4]),
            ("text=heart&per_page=2&page=3", &all[4..]),
            ("text=heart&per_page=5&page=2", &all[5..]),
            ("text=heart&per_page=2&page=4", &[]),
            ("text=heart moni", &["Heart monitor", "Heartbeat monitor", "Monitor of the heart"]),
            ("text=heart for", &["a Cardiology", "b Cardiology"]),
            ("text=the heart", &["Monitor of the heart", "a Cardiology", "b Cardiology", "Dermatology"]),
            ("text=kind derm", &["Dermatology"]),
            ("text=kind t", &["Quality of kind care", "Thermometer", "Dermatology"]),
            ("text=hear car", &["a Cardiology", "b Cardiology"]),
            ("text=heart&name=monitor", &all[..3]),
            ("text=heartb", &["Heartbeat monitor"]),
        ] {
            let page = server.get(&format!("/products?{query}")).await;
            let names = column(&page, "name");
            assert_eq!(names, expected, "{query}");
        }
    }

    async fn what_is_found_has_facets(database: Database) {
        let server = Server::start(&database).await;
        let mut ids = Vec::new();
        for (name, kind, domains) in [
            ("Heart one", "text/html", json!(["Cardiology", " Cardiology ", "Wards, Acute", ""])),
            ("Heart two", "text/html", json!(["Cardiology"])),
            ("Lungs", "text/cql", json!(["Pneumology"])),
            ("Draft", "text/cql", json!(["Cardiology"])),
        ] {
            let mut manifest = Manifest::new(name, "1.0.0");
            manifest.0["product"]["facts"]["domain"] = domains;
            let (status, told) = server.send(Method::POST, "/packages", manifest.0.clone()).await;
            assert_eq!(status, 200, "{told}");
            server.send(Method::PATCH, &format!("/products/{}", manifest.product()), json!({ "mime_type": kind })).await;
            ids.push(manifest);
        }
        let draft = format!("/products/{}/unpublish", ids[3].product());
        assert_eq!(server.send(Method::POST, &draft, json!({})).await.0, 200);
        let badge = text(&server.create("/badges", json!({ "name": "Tried", "description": "Works." })).await, "id");
        let award = format!("/products/{}/badges/{badge}", ids[0].product());
        assert_eq!(server.send(Method::POST, &award, json!({})).await.0, 200);
        let facets = async |query: &str| server.get_anonymously(&format!("/products/facets?{query}")).await.1;
        let counts = |facet: &Value| {
            let one = |value: &Value| format!("{} {}", value["name"].as_str().unwrap_or(value["value"].as_str().unwrap()), value["count"]);
            facet.as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let badged = format!("badge_id={badge}");
        for (query, kinds, domains, badges) in [
            ("", "text/html 2, text/cql 1", "Cardiology 2, Acute 1, Pneumology 1, Wards 1", "Tried 1"),
            ("text=heart", "text/html 2", "Cardiology 2, Acute 1, Wards 1", "Tried 1"),
            ("text=kidney", "", "", ""),
            // What is chosen narrows the others down, and not itself.
            ("mime_type=text/cql", "text/html 2, text/cql 1", "Pneumology 1", ""),
            ("domain=Pneumology,Cardiology&mime_type=text/html", "text/html 2, text/cql 1", "Cardiology 2, Acute 1, Wards 1", "Tried 1"),
            (badged.as_str(), "text/html 1", "Acute 1, Cardiology 1, Wards 1", "Tried 1"),
        ] {
            let found = facets(query).await;
            let told = ["mime_type", "domain", "badge_id"].map(|facet| counts(&found[facet]));
            assert_eq!(told, [kinds, domains, badges], "{query}");
        }
        let names = async |query: &str| column(&server.get_anonymously(&format!("/products?{query}")).await.1, "name");
        assert_eq!(names("domain=Cardiology").await, ["Heart one", "Heart two"]);
        assert_eq!(names("domain=cardiology").await, [""; 0]);
        assert_eq!(names("domain=Wards").await, ["Heart one"]);
        assert_eq!(names(&badged).await, ["Heart one"]);
        let offer = server.get(&format!("/products/{}", ids[2].product())).await["product_licenses"][0]["id"].clone();
        let of_offer = format!("product_license_id={}", offer.as_str().unwrap());
        assert_eq!(names(&of_offer).await, ["Lungs"]);
        // A draft counts for who sees it.
        assert_eq!(counts(&server.get("/products/facets").await["domain"]), "Cardiology 3, Acute 1, Pneumology 1, Wards 1");
        for (query, told) in [("badge_id=x", "badge_id must be a UUID"), ("published=maybe", "published")] {
            let (status, told_of) = server.get_anonymously(&format!("/products/facets?{query}")).await;
            assert!(status == 400 && text(&told_of, "message").contains(told), "{query}: {told_of}");
        }
        // The newest build says what the product is of.
        let mut next = ids[1].next_version("2.0.0");
        next.0["product"]["facts"]["domain"] = json!(["Oncology"]);
        assert_eq!(server.send(Method::POST, "/packages", next.0).await.0, 200);
        assert_eq!(names("domain=Oncology").await, ["Heart two"]);
        assert_eq!(names("domain=Cardiology").await, ["Heart one"]);
    }

    async fn texts_of_all_scripts_are_found_and_kept_in_step(database: Database) {
        let server = Server::start(&database).await;
        let texts = [
            "Électrocardiogramme à l'hôpital", "Ärztliche Übersicht", "电子病历系统", "カルテ管理", "건강 관리", "สุขภาพดี",
            "ΚΑΡΔΙΆ", "Здоровье ребёнка", "ﬁne ＦＨＩＲ Ⅳ", "100% pure_2.5", "𝔥𝔢𝔞𝔩𝔱𝔥", "صحة الطفل",
        ];
        let mut products = Vec::new();
        for name in texts {
            products.push(text(&server.create("/products", json!({ "name": name })).await, "path"));
        }
        let names = async |query: &str| {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("text", query).finish();
            column(&server.get(&format!("/products?{query}")).await, "name")
        };
        let found = [
            ("electro hopi", 0), ("ELECTROCARDIOGRAMME", 0), ("arzt", 1), ("übers", 1), ("病历", 2), ("电子", 2), ("カルテ", 3),
            ("管理", 3), ("건강", 4), ("สุข", 5), ("καρδια", 6), ("здоров", 7), ("ребенка", 7), ("fine", 8), ("fhir", 8), ("iv", 8),
            ("pure 2 5", 9), ("100", 9), ("health", 10), ("صح", 11),
        ];
        for (query, place) in found {
            assert_eq!(names(query).await, [json!(texts[place])], "{query}");
        }
        let renamed = json!({ "name": "Something else" });
        server.send(Method::PATCH, &products[0], renamed).await;
        server.send(Method::DELETE, &products[1], json!({})).await;
        for (query, expected) in [("electro", 0), ("arzt", 0), ("some", 1)] {
            assert_eq!(names(query).await.len(), expected, "{query}");
        }
    }

    async fn whatever_is_asked_is_answered(database: Database) {
        let server = Server::start(&database).await;
        let long = "x".repeat(5_000);
        let description = format!("{} {long} {}", "word ".repeat(2_000), (0..9_000).map(|n| format!("{n:x}")).collect::<Vec<_>>().join(" "));
        server.create("/products", json!({ "name": "Very long", "description": description })).await;
        let pasted = format!("very long word {}", "word ".repeat(2_000));
        let different: String = (0..2_000).map(|n| format!("{n:x} ")).collect();
        for (query, expected) in [
            // The words that count are the first sixteen, their first 64 characters.
            (pasted.as_str(), 1), (different.as_str(), 1), (long.as_str(), 1), (&long[..100], 1), (&format!("y{long}"), 0),
            // What has no word is nowhere to be found.
            ("💥", 0), ("...", 0), ("%", 0), ("\u{301}", 0), ("' \" \\ : * ( ) & | ! < > - + ^ ~ @ # $", 0),
            // Nothing has a meaning in a query.
            ("very*", 1), ("\"very long\"", 1), ("very & long", 1), ("'very':A", 1), ("very OR nothing", 0), ("NOT very", 0),
            ("very NEAR long", 0), ("{search}: very", 0), ("very\\", 1), ("very'); --", 1), ("long:* | very", 1), ("💥very", 1),
            ("0very", 0), ("1very", 0), ("-very", 1), ("^very", 1), ("very\tlong\n", 1), ("  ", 1), (",", 1),
        ] {
            let shown: String = query.chars().take(40).collect();
            let (status, page) = server.send(Method::POST, "/products/search", json!({ "text": query })).await;
            assert_eq!((status.as_u16(), &page["total_entries"]), (200, &json!(expected)), "{shown}");
            assert_eq!(page["results"].as_array().unwrap().len(), expected, "{shown}");
        }
        let path = format!("/products?text={}", "%F0%9F%92%A5".repeat(800));
        assert_eq!(Answer::to(server.request(Method::GET, &path)).await.status, 200);
    }
}
