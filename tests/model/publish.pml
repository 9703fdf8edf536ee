// SPDX-License-Identifier: BSD-3-Clause
//
// The publication protocol of control/publish.c, control/upkeep.c and their workers, small enough to
// be checked exhaustively: 2 workers, rings of 1 slot, EPOCHS changes, each a snapshot or a seal of
// cut-offs, whose table grows by one view with each (dataplane/token/cutoff.c).
//
//   control                    ring (1 slot)                worker
//   write cut-offs, publish -> {epoch, snapshot or seal} -> apply, then acknowledge
//   in_force = least ack   <- acknowledged epoch ---------'  reads snapshot and cut-offs per burst
//
// Snapshot n is named by its epoch, a view by how many came before. Checked: a worker never reads a
// freed snapshot or view, an epoch is never reported in force while a worker may still judge by an
// older state, and (no lost wake-up) everything published ends up in force.
#define WORKERS 2
#ifndef EPOCHS
#define EPOCHS 3
#endif

byte epoch;                     // newest published
byte snapshot;                  // current, 0 = none
byte in_force;                  // as reported to operators
bool freed[EPOCHS + 1];         // by epoch of the snapshot
byte retired_until[EPOCHS + 1]; // 0 = not retired
byte cut_off;                   // the table: newest epoch whose cut-offs were written
bool has_cut_off[EPOCHS + 1];   // this epoch seals cut-offs
byte view;                      // of the table that readers look at
byte reclaimed;                 // views below this one are freed
byte reclaim_epoch;             // 0 = nothing to reclaim
byte promised;                  // newest epoch with cut-offs that was reported in force

byte sent[WORKERS], snapshot_sent[WORKERS], acknowledged[WORKERS];
chan ring[WORKERS] = [1] of { byte, byte }; // epoch, snapshot (0 = a seal)

inline send(w)
{
	if
	:: sent[w] != epoch && snapshot != 0 && nfull(ring[w]) ->
		if
		:: snapshot_sent[w] != snapshot -> ring[w] ! epoch, snapshot
		:: else -> ring[w] ! epoch, 0
		fi;
		sent[w] = epoch;
		snapshot_sent[w] = snapshot
	:: else
	fi
}

// One poll: each acknowledgement is read once, as the code does, with steps of workers in between.
inline poll()
{
	least = epoch;
	i = 0;
	do
	:: i < WORKERS ->
		send(i);
		seen = acknowledged[i];
		if
		:: seen < least -> least = seen
		:: else
		fi;
		i++
	:: else -> break
	od;
	in_force = least;
	if // jg_engine_turn(): what the table replaced goes when the newest epoch is everywhere
	:: reclaim_epoch != 0 && in_force == epoch && in_force >= reclaim_epoch ->
		d_step { reclaimed = view; reclaim_epoch = 0 }
	:: else
	fi;
	d_step {
	i = 1;
	do
	:: i <= EPOCHS ->
		if
		:: has_cut_off[i] && i <= least && i > promised -> promised = i
		:: else
		fi;
		if
		:: retired_until[i] != 0 && retired_until[i] <= least ->
			freed[i] = true
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0; seen = 0; least = 0
	}
}

active proctype control()
{
	byte i, least, seen;
	do
	:: epoch < EPOCHS ->
		if
		:: true -> // a new snapshot
			if
			:: snapshot != 0 -> retired_until[snapshot] = epoch + 1
			:: else
			fi;
			snapshot = epoch + 1
		:: snapshot != 0 -> // cut-offs, sealed by the next epoch
			view++; // the table has grown; the old view is retired
			cut_off = epoch + 1;
			has_cut_off[epoch + 1] = true;
			reclaim_epoch = epoch + 1;
			if
			:: in_force == epoch -> poll() // out of memory: published with a retry
			:: true
			fi
		fi;
		epoch++;
		poll()
	:: epoch > 0 && in_force < epoch -> poll()
	:: epoch == EPOCHS && in_force == epoch -> break
	od;
	assert(in_force == EPOCHS)
}

proctype worker(byte me)
{
	byte e, s, using, obeyed, table, seen;
	do
	:: acknowledged[me] < EPOCHS ->
		if // bounded drain: one message a poll, none is no reason to wait
		:: ring[me] ? e, s ->
			d_step {
			assert(e > obeyed); // epochs only grow
			if
			:: s != 0 -> using = s
			:: else
			fi;
			obeyed = e;
			acknowledged[me] = e;
			e = 0; s = 0
			}
		:: empty(ring[me])
		fi;
		// A burst: the table is read early, the verdicts come late. Whatever was reported in
		// force by then must have been obeyed, and the snapshot must have lived.
		d_step { table = cut_off; seen = view }
		assert(using == 0 || !freed[using]);
		d_step {
		assert(using == 0 || (obeyed >= in_force && table >= promised && !freed[using] &&
			seen >= reclaimed));
		table = 0; seen = 0
		}
	:: else -> break
	od
}

init
{
	atomic {
		run worker(0);
		run worker(1)
	}
}

// Whatever happens, all epochs end up in force.
ltl converges { <> (in_force == EPOCHS) }
