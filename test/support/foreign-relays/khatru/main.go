// A relay made with khatru on the loopback interface. It prints its URL.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"
	"github.com/fiatjaf/eventstore/badger"
	"github.com/fiatjaf/khatru"
	"github.com/fiatjaf/khatru/policies"
	"github.com/nbd-wtf/go-nostr"
)

const giftWrap = 1059

func main() {
	restrictGiftWraps := flag.Bool("restrict-gift-wraps", false, "keep gift wraps for those they are for")
	port := flag.Int("port", 0, "the port; 0: any")
	directory := flag.String("directory", "", "where the events are kept; empty: in memory")
	maxLimit := flag.Int("max-limit", 500, "the most stored events that are given for a filter")
	auth := flag.Bool("auth", false, "serve nobody before authentication (NIP-42)")
	negentropy := flag.Bool("negentropy", false, "compare stored events (NIP-77)")
	flag.Parse()

	store := &badger.BadgerBackend{Path: *directory, MaxLimit: *maxLimit, BadgerOptionsModifier: quiet}
	if *directory == "" {
		store.BadgerOptionsModifier = inMemory
	}
	if err := store.Init(); err != nil {
		log.Fatal(err)
	}
	relay := khatru.NewRelay()
	relay.Negentropy = *negentropy
	relay.StoreEvent = append(relay.StoreEvent, store.SaveEvent)
	relay.ReplaceEvent = append(relay.ReplaceEvent, store.ReplaceEvent)
	relay.DeleteEvent = append(relay.DeleteEvent, store.DeleteEvent)
	relay.QueryEvents = append(relay.QueryEvents, store.QueryEvents)
	if *restrictGiftWraps {
		relay.RejectFilter = append(relay.RejectFilter, rejectSnoopers)
		relay.OverwriteFilter = append(relay.OverwriteFilter, exposeToRejection)
	}

	if *auth {
		relay.RejectFilter = append(relay.RejectFilter, policies.MustAuth)
		relay.OverwriteFilter = append(relay.OverwriteFilter, exposeStrangers)
	}

	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	// The end of stdin: whoever started this is gone, killed or not.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("ws://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, relay))
}

func inMemory(options badgerdb.Options) badgerdb.Options {
	return options.WithInMemory(true).WithLogger(nil)
}

func quiet(options badgerdb.Options) badgerdb.Options {
	return options.WithLogger(nil)
}

func rejectSnoopers(ctx context.Context, filter nostr.Filter) (bool, string) {
	if !slices.Contains(filter.Kinds, giftWrap) {
		return false, ""
	}
	if reject, reason := policies.MustAuth(ctx, filter); reject {
		return reject, reason
	}
	// khatru's own policy for private messages knows no other kind.
	filter.Kinds = []int{nostr.KindEncryptedDirectMessage}
	return policies.RejectKind04Snoopers(ctx, filter)
}

// khatru takes a filter with limit 0 without asking RejectFilter.
func exposeToRejection(ctx context.Context, filter *nostr.Filter) {
	if reject, _ := rejectSnoopers(ctx, *filter); reject {
		filter.LimitZero = false
	}
}

func exposeStrangers(ctx context.Context, filter *nostr.Filter) {
	if khatru.GetAuthed(ctx) == "" {
		filter.LimitZero = false
	}
}
