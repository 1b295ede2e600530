// A suite of a Go consumer, with the standard library: `MOCK=http://127.0.0.1:4055 go test -shuffle on points_test.go`.
// PROGRAM is the command bitpeak-mock, for a mock of the suite's own. CAPSULE is a file that pytest left of a failed test.

package points

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const path = "/api/notification-handlers"

var mock = os.Getenv("MOCK")

// A World is that of one key, which the program under test and the test itself call.
type World struct {
	t   *testing.T
	key string
}

type Exchange struct {
	Number int
	Status int
	Wire   string
	Hint   string
	Beyond []string
	Answer struct{ Body string }
}

func newKey() string {
	random := make([]byte, 8)
	_, _ = rand.Read(random)
	return fmt.Sprintf("mock-%x", random)
}

func newWorld(t *testing.T) World {
	t.Parallel()
	return World{t, newKey()}
}

func (w World) send(method, target string, body io.Reader, contentType string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, mock+target, body)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+w.key)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

func (w World) try(method, target string, fields ...string) (*http.Response, string, error) {
	if len(fields) == 0 {
		return w.send(method, target, nil, "")
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for at := 0; at < len(fields); at += 2 {
		_ = form.WriteField(fields[at], fields[at+1])
	}
	_ = form.Close()
	return w.send(method, target, &body, form.FormDataContentType())
}

// api calls the API, and gives the status and the body.
func (w World) api(method, target string, fields ...string) (int, string) {
	w.t.Helper()
	response, text, err := w.try(method, target, fields...)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, text
}

func (w World) control(method, target, body string) (int, string) {
	w.t.Helper()
	response, text, err := w.send(method, "/_mock"+target, strings.NewReader(body), "application/json")
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, text
}

func (w World) fail(order string) {
	w.t.Helper()
	if status, text := w.control("POST", "/faults", order); status != 201 {
		w.t.Fatal(text)
	}
}

func (w World) journal(query string) []Exchange {
	w.t.Helper()
	var journal struct{ Exchanges []Exchange }
	_, text := w.control("GET", "/journal"+query, "")
	if err := json.Unmarshal([]byte(text), &journal); err != nil {
		w.t.Fatal(err, text)
	}
	return journal.Exchanges
}

func (w World) title(text string) string {
	w.t.Helper()
	var said struct{ Errors []struct{ Title string } }
	if err := json.Unmarshal([]byte(text), &said); err != nil || len(said.Errors) == 0 {
		w.t.Fatal(err, text)
	}
	return said.Errors[0].Title
}

func equal(t *testing.T, expected, received any) {
	t.Helper()
	if fmt.Sprint(expected) != fmt.Sprint(received) {
		t.Fatalf("expected %v, not %v", expected, received)
	}
}

func contains(t *testing.T, part, text string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Fatalf("no %s in %s", part, text)
	}
}

// run runs a command to its end, and gives what it printed and its process id.
func run(t *testing.T, input string, environment []string, words ...string) (string, int) {
	t.Helper()
	var log bytes.Buffer
	command := exec.Command(words[0], words[1:]...)
	command.Stdin, command.Stderr = strings.NewReader(input), &log
	command.Env = append(os.Environ(), environment...)
	printed, err := command.Output()
	if err != nil {
		t.Fatal(err, log.String())
	}
	return string(printed), command.Process.Pid
}

func TestPrivateWorldsBeginAlike(t *testing.T) {
	for turn := 1; turn <= 6; turn++ {
		name := fmt.Sprint("Turn ", turn)
		t.Run(name, func(t *testing.T) {
			world := newWorld(t)
			_, text := world.api("GET", path+"/")
			contains(t, `"total":1`, text)
			world.api("POST", path, "name", name, "type", "slack", "slack", "s")
			equal(t, 2, len(world.journal("")))
		})
	}
}

func TestSharedWorldIsOneForAll(t *testing.T) {
	key := newKey()
	for turn := 1; turn <= 6; turn++ {
		name := fmt.Sprint("Turn ", turn)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shared := World{t, key}
			_, created := shared.api("POST", path, "name", name, "type", "email")
			_, calls := shared.control("GET", "/journal?method=post&path=/notification-handlers", "")
			equal(t, 1, strings.Count(calls, `"preview":"`+name+`"`))
			found := 0
			for _, call := range shared.journal("?operation=create_notification_handler") {
				if call.Answer.Body == created {
					found++
				}
			}
			equal(t, 1, found)
		})
	}
}

func TestWorldIsGivenToAProgramByTheEnvironment(t *testing.T) {
	world := newWorld(t)
	environment := []string{"URL=" + mock + path, "KEY=" + world.key}
	run(t, `curl -fsS "$URL" --header "Authorization: Bearer $KEY"`, environment, "sh")
	equal(t, 200, world.journal("?count=1&wait=20s")[0].Status)
}

func TestWorldIsNeverTakenForGranted(t *testing.T) {
	for query, says := range map[string]string{
		"":                       "Name the world: add ?key=mock-key or",
		"?key=real":              "The key must begin with 'mock'",
		"?key=mock-a&strict=yes": "Unknown parameter 'strict'.",
	} {
		query, says := query, says
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			response, err := http.Post(mock+"/_mock/faults"+query, "application/json", strings.NewReader(`{"status": 503}`))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			equal(t, 400, response.StatusCode)
			contains(t, says, World{t, ""}.title(string(text)))
		})
	}
}

func TestOperationMeansAllItsSpellings(t *testing.T) {
	for _, name := range []string{"list_notification_handlers", "list_notification_handlers_without_slash"} {
		name := name
		t.Run(name, func(t *testing.T) {
			world := newWorld(t)
			world.fail(`{"status": 503, "times": 2, "operation": "` + name + `"}`)
			for _, target := range []string{path, path + "/"} {
				status, _ := world.api("GET", target)
				equal(t, 503, status)
			}
			equal(t, 2, len(world.journal("?operation="+name)))
		})
	}
}

func TestFilterThatNothingCanMatchIsRefused(t *testing.T) {
	for _, query := range []string{
		"method=POTS", "path=/notification-handler", "violation=oops", "operation=list",
		"operation=list_notification_handlers&status=201", "operation=list_notification_handlers&refusal=plan_limit",
	} {
		query := query
		t.Run(query, func(t *testing.T) {
			world := newWorld(t)
			status, text := world.control("GET", "/journal?"+query, "")
			equal(t, 400, status)
			title := world.title(text)
			equal(t, true, strings.HasPrefix(title, "Unknown ") || strings.HasPrefix(title, "Invalid "))
		})
	}
}

func TestWait(t *testing.T) {
	t.Run("in vain", func(t *testing.T) {
		world := newWorld(t)
		status, text := world.control("GET", "/journal?method=DELETE&wait=1ms", "")
		equal(t, 409, status)
		contains(t, "Only 0 of 1 exchanges came within 1ms.", world.title(text))
	})
	t.Run("in vain beside another call", func(t *testing.T) {
		world := newWorld(t)
		_, _, _ = world.try("GET", path)
		_, text := world.control("GET", "/journal?method=DELETE&wait=1ms", "")
		contains(t, "- method = DELETE\n    + method = GET", world.title(text))
	})
	t.Run("for a goroutine", func(t *testing.T) {
		world := newWorld(t)
		go func() { _, _, _ = world.try("GET", path) }()
		equal(t, 200, world.journal("?wait=20s")[0].Status)
	})
}

func TestWholeNumberIsAnInteger(t *testing.T) {
	for _, id := range []string{"7.0", "7"} {
		id := id
		t.Run(id, func(t *testing.T) {
			world := newWorld(t)
			world.control("PUT", "/state", `{"handlers": [{"type": "email", "name": "a", "id": `+id+`}], "answers": []}`)
			_, created := world.api("POST", path, "name", "b", "type", "email")
			equal(t, `{"data":{"id":8}}`, created)
		})
	}
}

func TestWrongFaultIsExplained(t *testing.T) {
	for order, says := range map[string]string{
		`{"wire": "melt"}`:                     "Invalid wire 'melt': use drop, reset, empty, truncate, slow or null.",
		`{"status": 200}`:                      "Invalid status 200: use 400–599.",
		`{"status": 503, "tims": 2}`:           "Unknown field 'tims' (did you mean 'times'?).",
		`{"headers": {"Content-Length": "1"}}`: "Invalid headers ",
		`{"latency": "soon"}`:                  "Invalid latency 'soon': use a time such as 200ms",
	} {
		order, says := order, says
		t.Run(order, func(t *testing.T) {
			world := newWorld(t)
			status, text := world.control("POST", "/faults", order)
			equal(t, 400, status)
			contains(t, says, world.title(text))
		})
	}
}

func TestTrueRetryAfter(t *testing.T) {
	world := newWorld(t)
	world.fail(`{"refusal": "rate_limited", "headers": {"Retry-After": "30"}}`)
	response, _, err := world.try("GET", path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "429 30", fmt.Sprint(response.StatusCode, " ", response.Header.Get("Retry-After")))
}

func TestAnyStatusWithBodyOfItsOwn(t *testing.T) {
	for _, status := range []int{400, 408, 418, 504, 599} {
		status := status
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			world := newWorld(t)
			world.fail(fmt.Sprintf(`{"status": %d, "times": null, "body": {"message": "later"}}`, status))
			received, text := world.api("GET", path)
			equal(t, fmt.Sprint(status, `{"message":"later"}`), fmt.Sprint(received, text))
			equal(t, []string{"status", "body"}, world.journal("")[0].Beyond)
		})
	}
}

func TestSequence(t *testing.T) {
	world := newWorld(t)
	world.fail(`{"status": 500, "scenario": "outage", "next": "over"}`)
	world.fail(`{"refusal": "rate_limited", "scenario": "outage", "state": "over"}`)
	for _, expected := range []int{500, 429} {
		status, _ := world.api("GET", path)
		equal(t, expected, status)
	}
}

func TestConnectionBreaksUntilItIsHealed(t *testing.T) {
	for _, wire := range []string{"drop", "reset"} {
		wire := wire
		t.Run(wire, func(t *testing.T) {
			world := newWorld(t)
			world.fail(`{"wire": "` + wire + `"}`)
			if _, _, err := world.try("GET", path); err == nil {
				t.Fatal("a whole response arrived")
			}
			world.control("DELETE", "/faults", "")
			status, _ := world.api("GET", path)
			equal(t, 200, status)
		})
		t.Run(wire+" once", func(t *testing.T) {
			world := newWorld(t)
			_, text := world.control("POST", "/faults", `{"wire": "`+wire+`", "times": 1}`)
			contains(t, "Many clients (Go, Java,", text)
		})
	}
}

func TestResponseIsCutShort(t *testing.T) {
	world := newWorld(t)
	world.fail(`{"wire": "truncate"}`)
	if _, _, err := world.try("GET", path); err == nil {
		t.Fatal("a whole response arrived")
	}
}

func TestFaultThatFoundNothingToChangeIsKept(t *testing.T) {
	world := newWorld(t)
	world.fail(`{"mutation": {"pointer": "/data/0/name", "change": "missing"}}`)
	world.api("GET", path+"/1")
	_, text := world.control("GET", "/faults", "")
	contains(t, `"hits":0`, text)
	_, text = world.api("GET", path)
	equal(t, 0, strings.Count(text, `"name":`))
}

func TestHints(t *testing.T) {
	for says, call := range map[string][]string{
		"An update is a POST here.":                     {"PUT", path + "/1"},
		"The base path is missing.":                     {"GET", "/notification-handlers"},
		"Invalid type 'Slack' (did you mean 'slack'?).": {"POST", path, "name", "a", "type", "Slack"},
		"The field 'name' is missing or empty.":         {"POST", path, "type", "slack"},
	} {
		says, call := says, call
		t.Run(says, func(t *testing.T) {
			world := newWorld(t)
			world.api(call[0], call[1], call[2:]...)
			contains(t, says, world.journal("")[0].Hint)
		})
	}
}

func TestWorldIsInTheListOfWorlds(t *testing.T) {
	world := newWorld(t)
	world.api("GET", path)
	_, text := world.control("GET", "/worlds", "")
	contains(t, fmt.Sprintf(`"key":"%s…%d"`, world.key[:6], len(world.key)), text)
}

func TestUndoIsOfOneWorldAndOfWhatItNames(t *testing.T) {
	world, other := newWorld(t), World{t, newKey()}
	var before struct{ Handlers json.RawMessage }
	_, text := world.control("GET", "/state", "")
	if err := json.Unmarshal([]byte(text), &before); err != nil {
		t.Fatal(err)
	}
	world.control("PUT", "/state", `{"handlers": []}`)
	world.fail(`{"status": 503}`)
	other.api("POST", path, "name", "New", "type", "email")
	world.control("PUT", "/state", `{"handlers": `+string(before.Handlers)+`}`)
	_, mine := world.control("GET", "/state", "")
	contains(t, `"handlers":`+string(before.Handlers), mine)
	contains(t, `"status":503`, mine)
	_, others := other.control("GET", "/state", "")
	contains(t, `"name":"New"`, others)
	contains(t, `"faults":[]`, others)
}

func TestLongTextIsShownWhole(t *testing.T) {
	world := newWorld(t)
	long := "https://example.com/" + strings.Repeat("x", 400)
	world.api("POST", path, "name", "Team", "type", "slack", "slack", long)
	_, text := world.control("GET", "/journal?bodies=true", "")
	contains(t, `"text":"`+long+`"`, text)
}

func TestForgottenCallsAreNeverTakenForNone(t *testing.T) {
	world := newWorld(t)
	world.api("GET", path+"/?colour=red")
	for turn := 0; turn < 1005; turn++ {
		world.api("GET", path+"/1")
	}
	status, _ := world.control("GET", "/journal?violation=any", "")
	equal(t, 410, status)
	equal(t, 1006, world.journal("?limit=1&partial=true")[0].Number)
}

func TestClientTriesAgain(t *testing.T) {
	world := newWorld(t)
	world.fail(`{"status": 503, "times": 2}`)
	for status := 0; status != 200; {
		status, _ = world.api("GET", path)
	}
	for at, call := range world.journal("") {
		equal(t, []int{503, 503, 200}[at], call.Status)
	}
}

func TestTransportRepeatsAnIdempotentRequest(t *testing.T) {
	world := newWorld(t)
	get := func(client *http.Client) int {
		request, _ := http.NewRequest("GET", mock+path, nil)
		request.Header.Set("Authorization", "Bearer "+world.key)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode
	}
	client := &http.Client{Transport: &http.Transport{}}
	equal(t, 200, get(client))
	world.fail(`{"wire": "drop", "times": 1}`)
	equal(t, 200, get(client))
	var wires []string
	for _, call := range world.journal("") {
		wires = append(wires, call.Wire)
	}
	equal(t, []string{"", "drop", ""}, wires)
}

func TestCapsuleIsReplayedToItsEnd(t *testing.T) {
	t.Parallel()
	printed, _ := run(t, "", nil, os.Getenv("PROGRAM"), "replay", os.Getenv("CAPSULE"))
	equal(t, strings.Repeat("same    GET "+path+"/1 200\n", 6), printed)
}

func TestCapsuleBecomesAScriptThatMakesAllCalls(t *testing.T) {
	t.Parallel()
	script, _ := run(t, "", nil, os.Getenv("PROGRAM"), "replay", os.Getenv("CAPSULE"), "--as", "curl")
	_, number := run(t, script, []string{"MOCK=" + mock}, "sh")
	var wires []string
	for _, call := range (World{t, fmt.Sprintf("mock-replay-%d-1", number)}).journal("") {
		wires = append(wires, call.Wire)
	}
	equal(t, []string{"drop", "reset", "empty", "truncate", "slow", ""}, wires)
}

func TestCapsuleBecomesAnArchiveOfWhatArrived(t *testing.T) {
	t.Parallel()
	text, _ := run(t, "", nil, os.Getenv("PROGRAM"), "replay", os.Getenv("CAPSULE"), "--as", "har")
	var archive struct {
		Log struct {
			Entries []struct{ Response struct{ Status int } }
		}
	}
	if err := json.Unmarshal([]byte(text), &archive); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	for _, entry := range archive.Log.Entries {
		statuses = append(statuses, entry.Response.Status)
	}
	equal(t, []int{0, 0, 200, 200, 200, 200}, statuses)
}

func TestJournalKeepsWhatTheWireSpoilt(t *testing.T) {
	world := newWorld(t)
	world.fail(`{"wire": "truncate", "times": 1}`)
	if _, _, err := world.try("GET", path); err == nil {
		t.Fatal("a whole response arrived")
	}
	world.api("GET", path)
	calls := world.journal("")
	equal(t, []string{"truncate", ""}, []string{calls[0].Wire, calls[1].Wire})
}

func TestFrozenClockHoldsNoWaitAndNoLatency(t *testing.T) {
	world := newWorld(t)
	world.control("PATCH", "/clock", `{"frozen": true}`)
	status, _ := world.control("GET", "/journal?method=DELETE&wait=1ms", "")
	equal(t, 409, status)
	world.fail(`{"latency": "1h"}`)
	status, _ = world.api("GET", path)
	equal(t, 200, status)
}

// Somebody's settings for another mock.
var foreign = []string{
	"BITPEAK_MOCK_PORT=tcp://10.0.0.1:80", "BITPEAK_MOCK_UPSTREAM=http://127.0.0.1:1", "BITPEAK_MOCK_RECORD=today.jsonl",
	"BITPEAK_MOCK_CONTROL_TOKEN=secret", "BITPEAK_MOCK_STRICT=1",
}

// serveOwn starts a mock for a few connections, beside modules of its own names and foreign settings, and gives its address.
// The mock must end without a traceback.
func serveOwn(t *testing.T) string {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"mock_server.py", "queue.py", "click.py", "email/__init__.py", "contract_tests/__init__.py"} {
		file := filepath.Join(folder, name)
		_ = os.MkdirAll(filepath.Dir(file), 0o700)
		if err := os.WriteFile(file, []byte("raise SystemExit(9)"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	recording := filepath.Join(folder, "today.jsonl")
	_ = os.WriteFile(recording, []byte("a recording"), 0o600)
	own := exec.Command("sh", "-c", `ulimit -n 40; exec "$0" serve --port 0 --ignore-env`, os.Getenv("PROGRAM"))
	own.Dir, own.Env = folder, append(os.Environ(), foreign...)
	var log bytes.Buffer
	own.Stderr = &log
	said, err := own.StdoutPipe()
	if err == nil {
		err = own.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = own.Process.Signal(syscall.SIGTERM)
		if err := own.Wait(); err != nil || strings.Contains(log.String(), "Traceback") {
			t.Error(err, log.String())
		}
		if text, _ := os.ReadFile(recording); string(text) != "a recording" {
			t.Error("the recording is ", string(text))
		}
	})
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "ready ") {
			return strings.Split(lines.Text(), "/")[2]
		}
	}
	t.Fatal("the mock did not start: ", log.String())
	return ""
}

func TestMockWithoutDescriptorsSaysHowItDoes(t *testing.T) {
	address := serveOwn(t)
	for turn := 0; turn < 12; turn++ {
		client, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	}
	for _, target := range []string{"health", "control.yaml", "journal?key=mock"} {
		response, err := http.Get("http://" + address + "/_mock/" + target)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		equal(t, 200, response.StatusCode)
	}
}

func TestClientsThatResetLeaveNoTraceback(t *testing.T) {
	address := serveOwn(t)
	for turn := 0; turn < 20; turn++ {
		client, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(client, "GET %s/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address)
		_ = client.(*net.TCPConn).SetLinger(0)
		_ = client.Close()
	}
	response, err := http.Get("http://" + address + "/_mock/health")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	equal(t, 200, response.StatusCode)
}

func TestMockHasNoSettingOfAnotherMock(t *testing.T) {
	address := serveOwn(t)
	for _, call := range [][]string{
		{"PUT", "/_mock/state?key=mock", `{"handlers": []}`, `"handlers":[]`},
		{"GET", path + "?colour=red", "", `"data":[]`},
	} {
		request, _ := http.NewRequest(call[0], "http://"+address+call[1], strings.NewReader(call[2]))
		request.Header.Set("Authorization", "Bearer mock")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		equal(t, 200, response.StatusCode)
		contains(t, call[3], string(text))
	}
}

func TestMockEndsAlthoughAProcessThatWasLeftHasAConnectionToIt(t *testing.T) {
	left := exec.Command("sleep", "600")
	t.Cleanup(func() { // when the mock has ended, as clean-ups run from the last to the first
		if err := left.Process.Signal(syscall.Signal(0)); err != nil {
			t.Error("the process has ended before: ", err)
		}
		_ = left.Process.Kill()
		_ = left.Wait()
	})
	address := serveOwn(t)
	client, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(client, "GET %s/ HTTP/1.1\r\nHost: %s\r\n\r\n", path, address)
	_, _ = client.Read(make([]byte, 1))
	file, err := client.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	left.ExtraFiles = []*os.File{file}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
}
