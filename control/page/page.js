// SPDX-License-Identifier: BSD-3-Clause
// Asks for /stats.json once a second and shows what changed. Texts are set as text, never as HTML.
"use strict";

const PERIOD_MS = 1000;
const KEPT = 120; // looks in the plot
const LATENCY_LOOKS = 10; // looks that the percentiles and the stages cover
const STUCK_S = 3; // a loop that has not turned for so long
const looks = [];
const id = (name) => document.getElementById(name);

function show(name, text) {
	const node = id(name);
	if (node.textContent !== text)
		node.textContent = text;
}

function count(n) {
	if (n >= 1e9) return (n / 1e9).toFixed(2) + " G";
	if (n >= 1e6) return (n / 1e6).toFixed(2) + " M";
	if (n >= 1e4) return (n / 1e3).toFixed(1) + " k";
	return n >= 100 || Number.isInteger(n) ? n.toFixed(0) : n.toFixed(1);
}

function time(us) {
	if (us === null) return "–";
	if (us < 0) return "over a minute";
	if (us >= 1e6) return (us / 1e6).toFixed(2) + " s";
	if (us >= 1e3) return (us / 1e3).toFixed(2) + " ms";
	return us.toFixed(us < 10 ? 1 : 0) + " µs";
}

// The two largest units: "3 d 4 h".
function duration(s) {
	const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]
		.map(([unit, size], i, all) => [Math.floor((i > 0 ? s % all[i - 1][1] : s) / size), unit]);
	const first = parts.findIndex(([n]) => n > 0);
	return parts.slice(first < 0 ? 3 : first).slice(0, 2).map((part) => part.join(" ")).join(" ");
}

const counted = (n, one, many) => `${n} ${n === 1 ? one : many}`;

// {vendor: {reason: n}} as {reason: n}
function byReason(verdicts) {
	const sums = {};
	for (const reasons of Object.values(verdicts))
		for (const [reason, n] of Object.entries(reasons))
			sums[reason] = (sums[reason] || 0) + n;
	return sums;
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// Packets served between two looks, by the upper end of their bucket; null when there were none.
function percentile(now, then, q) {
	const before = new Map(then);
	const grown = now.map(([us, n]) => [us < 0 ? Infinity : us, n - (before.get(us) || 0)]);
	grown.sort((a, b) => a[0] - b[0]);
	const wanted = q * sum(grown.map((b) => b[1]));
	let below = 0;
	for (const [us, n] of grown) {
		below += n;
		if (n > 0 && below >= wanted)
			return us === Infinity ? -1 : us;
	}
	return null;
}

// rows: lists of cells; a cell is a text, or {text, kind} or {part: 0..1, kind}
function fill(name, rows) {
	const fresh = rows.map((cells) => {
		const tr = document.createElement("tr");
		for (const cell of cells) {
			const td = document.createElement("td");
			if (typeof cell === "object" && "part" in cell) {
				const meter = document.createElement("meter");
				meter.value = cell.part;
				meter.className = cell.kind;
				meter.setAttribute("aria-label", "share");
				td.append(meter);
			} else if (typeof cell === "object") {
				td.textContent = cell.text;
				td.className = cell.kind;
			} else {
				td.textContent = cell;
			}
			tr.append(td);
		}
		return tr;
	});
	if (fresh.length === 0) {
		const tr = document.createElement("tr");
		const td = document.createElement("td");
		td.textContent = "nothing yet";
		td.className = "none";
		tr.append(td);
		fresh.push(tr);
	}
	id(name).replaceChildren(...fresh);
}

const number = (n) => ({text: count(n), kind: "n"});
const alarm = (n) => ({text: count(n), kind: n > 0 ? "n warn" : "n"});

function showReasons(now, then, seconds) {
	const all = sum(Object.values(now.reasons));
	const rows = Object.entries(now.reasons).sort((a, b) => b[1] - a[1]);
	fill("reasons", rows.map(([reason, n]) =>
		[reason, number((n - (then.reasons[reason] || 0)) / seconds), number(n),
			{part: n / all, kind: reason === "ok" ? "" : "refused"}]));
}

function showOffenders(now) {
	const rows = now.stats.top_apps.map((app) => {
		const refused = Object.entries(app.verdicts).filter(([reason]) => reason !== "ok");
		refused.sort((a, b) => b[1] - a[1]);
		return {name: `${app.vendor} ${app.app}`, refused: sum(refused.map((r) => r[1])),
			of: sum(Object.values(app.verdicts)), mostly: refused.length ? refused[0][0] : ""};
	}).filter((row) => row.refused > 0);
	rows.sort((a, b) => b.refused - a.refused);
	fill("offenders", rows.slice(0, 10).map((row) =>
		[row.name, number(row.refused), number(row.of), row.mostly]));
}

// Its loop has not turned for as long as /livez allows.
function standsStill(now, name) {
	const past = looks.findLast((look) => now.stats.state.time - look.stats.state.time >= STUCK_S);
	const w = now.stats.workers[name];
	return past !== undefined && w.running === 1 && past.stats.workers[name]?.heartbeat === w.heartbeat;
}

function showWorkers(now, then, seconds) {
	fill("workers", Object.entries(now.stats.workers).map(([name, w]) => {
		const before = then.stats.workers[name] || w;
		return [standsStill(now, name) ? {text: name + " stands still", kind: "warn"} : name, number(w.epoch), alarm(w.epoch_lag),
			number((w.rx_packets - before.rx_packets) / seconds),
			{text: (w.busy * 100).toFixed(1) + " %", kind: w.busy > 0.8 ? "n warn" : "n"}];
	}));
}

function showPorts(stats) {
	fill("ports", stats.ports.map((p) => [p.port, {text: p.up ? "up" : "down", kind: p.up ? "" : "warn"},
		alarm(p.rx_missed), {text: `${p.mbufs_free} of ${p.mbufs}`, kind: "n"}]));
}

function showStages(now, then) {
	const stages = Object.entries(now.stages_us).map(([name, stage]) => {
		const before = then.stages_us[name];
		return {name, bursts: stage.bursts - before.bursts, seconds: stage.seconds - before.seconds};
	});
	const all = sum(stages.map((stage) => stage.seconds)) || 1;
	fill("stages", stages.map((stage) => [stage.name,
		{text: time(stage.bursts > 0 ? stage.seconds / stage.bursts * 1e6 : null), kind: "n"},
		{text: `${(stage.seconds / all * 100).toFixed(1)} %`, kind: "n"}, {part: stage.seconds / all, kind: ""}]));
}

function showSecrets(stats) {
	fill("secrets", stats.keys.map((key) => [`${key.vendor} ${key.app} ${key.secret}`, key.status,
		{text: duration(Math.max(0, stats.state.time - key.began)), kind: "n"},
		{text: key.last_used > 0 ? duration(Math.max(0, stats.state.time - key.last_used)) + " ago" : "not yet", kind: "n"}]));
}

function plot() {
	const rates = looks.slice(1).map((now, i) => {
		const seconds = now.stats.state.time - looks[i].stats.state.time;
		return {admitted: (now.admitted - looks[i].admitted) / seconds,
			refused: (now.refused - looks[i].refused) / seconds};
	});
	const top = Math.max(1, ...rates.map((r) => Math.max(r.admitted, r.refused)));
	for (const kind of ["admitted", "refused"]) {
		const points = rates.map((r, i) =>
			`${(600 - (rates.length - 1 - i) * 600 / KEPT).toFixed(1)},${(118 - r[kind] / top * 114).toFixed(1)}`);
		id("plot-" + kind).setAttribute("points", points.join(" "));
	}
	show("top", `top of the plot: ${count(top)} a second`);
	return rates.at(-1);
}

function showHealth(stats) {
	const state = stats.state;
	const pill = id("health");
	const word = state.draining ? "draining" : state.ready ? "ready" : "not ready";
	show("health", word);
	pill.className = "pill " + (state.ready ? "good" : "bad");
	show("about", `${stats.state.gate}, up ${duration(stats.state.uptime_s)}, epoch ${state.in_force} of ` +
		`${state.epoch} in force, ${counted(state.apps, "app", "apps")}, ` +
		counted(state.cut_offs, "cut-off", "cut-offs"));
	show("store", state.store + (state.store_trouble ? " !" : ""));
	show("missed", count(sum(stats.ports.map((p) => p.rx_missed + p.rx_no_mbuf))));
}

function take(stats) {
	const reasons = byReason(stats.verdicts);
	const admitted = reasons.ok || 0;
	const now = {stats, reasons, admitted, refused: sum(Object.values(reasons)) - admitted};
	// The gate started again: what was before says nothing about now.
	if (looks.length > 0 && stats.state.uptime_s < looks.at(-1).stats.state.uptime_s)
		looks.length = 0;
	if (looks.length > 0 && stats.state.time === looks.at(-1).stats.state.time)
		return;
	looks.push(now);
	if (looks.length > KEPT + 1)
		looks.shift();
	const then = looks.at(-2) || now;
	const seconds = now.stats.state.time - then.stats.state.time || 1;
	showHealth(stats);
	showReasons(now, then, seconds);
	showOffenders(now);
	showWorkers(now, then, seconds);
	showPorts(stats);
	const old = looks[Math.max(0, looks.length - 1 - LATENCY_LOOKS)].stats;
	for (const [name, q] of [["p50", 0.5], ["p99", 0.99], ["p999", 0.999]])
		show(name, time(percentile(stats.service_us.buckets, looks.length > 1 ? old.service_us.buckets : [], q)));
	showStages(stats, old);
	showSecrets(stats);
	const rate = plot();
	if (rate !== undefined) {
		show("rate", count(rate.admitted + rate.refused));
		show("admitted", count(rate.admitted));
		show("refused", count(rate.refused));
	}
}

async function look() {
	try {
		const answer = await fetch("/stats.json", {cache: "no-store", signal: AbortSignal.timeout(5000)});
		if (!answer.ok)
			throw new Error(answer.statusText);
		take(await answer.json());
	} catch {
		show("health", "no answer");
		id("health").className = "pill bad";
	}
	setTimeout(look, PERIOD_MS);
}

look();
