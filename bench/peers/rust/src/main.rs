// SPDX-License-Identifier: BSD-3-Clause
//! jsonwebtoken as its manual says: typed claims, key and rules made once. peer FILE [ROUNDS]; the
//! tokens of bench_core -d.
use jsonwebtoken::{decode, Algorithm, DecodingKey, Validation};
use serde::Deserialize;

const NOW: u64 = 1_800_000_000;

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct Video {
    roomJoin: bool,
    room: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: u64,
    nbf: u64,
    video: Video,
}

fn cpu_ns() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 * 1e9 + t.tv_nsec as f64
}

/// The library reads the clock for exp and nbf, so these two are compared here.
fn admits(token: &str, key: &DecodingKey, rules: &Validation, app: &str) -> bool {
    match decode::<Claims>(token, key, rules) {
        Ok(t) => {
            let c = t.claims;
            c.iss == app
                && !c.sub.is_empty()
                && !c.video.room.is_empty()
                && c.video.roomJoin
                && NOW < c.exp + 60
                && NOW + 60 >= c.nbf
        }
        Err(_) => false,
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[1]).expect("a file of bench_core -d");
    let rounds: usize = args.get(2).map_or(30, |r| r.parse().expect("rounds"));
    let mut lines = text.lines();
    let (app, secret) = lines.next().and_then(|l| l.split_once(' ')).expect("key and secret");
    let tokens: Vec<&str> = lines.collect();
    let key = DecodingKey::from_secret(secret.as_bytes());
    let mut rules = Validation::new(Algorithm::HS256);
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let bad = tokens[0].replace(&tokens[0][tokens[0].len() - 20..], "AAAAAAAAAAAAAAAAAAAA");
    assert!(!admits(&bad, &key, &rules, app));
    let mut samples: Vec<f64> = Vec::new();
    for _ in 0..rounds {
        let start = cpu_ns();
        let good = tokens.iter().filter(|t| admits(t, &key, &rules, app)).count();
        samples.push((cpu_ns() - start) / tokens.len() as f64);
        assert_eq!(good, tokens.len());
    }
    samples.sort_by(f64::total_cmp);
    println!(
        "{{\"bench\": \"peer\", \"who\": \"Rust jsonwebtoken\", \"best_ns\": {:.1}, \"median_ns\": {:.1}, \"tokens\": {}}}",
        samples[0], samples[(rounds - 1) / 2], tokens.len()
    );
}
