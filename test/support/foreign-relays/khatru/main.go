// A relay made with khatru on a loopback port of its own choice, whose address it prints.
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

const (
	maxLimit = 500
	giftWrap = 1059
)

func main() {
	restrictGiftWraps := flag.Bool("restrict-gift-wraps", false, "keep gift wraps for those they are for")
	flag.Parse()

	store := &badger.BadgerBackend{MaxLimit: maxLimit, BadgerOptionsModifier: inMemory}
	if err := store.Init(); err != nil {
		log.Fatal(err)
	}
	relay := khatru.NewRelay()
	relay.StoreEvent = append(relay.StoreEvent, store.SaveEvent)
	relay.ReplaceEvent = append(relay.ReplaceEvent, store.ReplaceEvent)
	relay.DeleteEvent = append(relay.DeleteEvent, store.DeleteEvent)
	relay.QueryEvents = append(relay.QueryEvents, store.QueryEvents)
	if *restrictGiftWraps {
		relay.RejectFilter = append(relay.RejectFilter, rejectSnoopers)
		relay.OverwriteFilter = append(relay.OverwriteFilter, exposeToRejection)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
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
