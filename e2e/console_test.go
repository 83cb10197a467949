package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// seesTheConsole logs in to the object store's web page with a real browser and keeps a
// picture of it.
func (p platform) seesTheConsole() {
	p.t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "google-chrome", "chromium-browser", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		p.t.Fatal("there is no browser: install chromium, or put google-chrome on PATH")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.WindowSize(1280, 800),
		// its trust is proven by the other clients; a browser keeps its own
		chromedp.IgnoreCertErrors, chromedp.Flag("host-resolver-rules", "MAP "+p.domain+" 127.0.0.1"))...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	var text string
	var picture []byte
	err := chromedp.Run(ctx,
		chromedp.Navigate(p.console()+"/login"),
		chromedp.WaitVisible("#accessKey", chromedp.ByQuery),
		chromedp.SendKeys("#accessKey", "root", chromedp.ByQuery),
		chromedp.SendKeys("#secretKey", p.secret("minio.root"), chromedp.ByQuery),
		chromedp.Click("#do-login", chromedp.ByQuery),
		chromedp.WaitNotPresent("#do-login", chromedp.ByQuery),
		chromedp.Sleep(3*time.Second), // the list comes in by and by
		chromedp.Text("body", &text, chromedp.ByQuery),
		chromedp.CaptureScreenshot(&picture),
	)
	if len(picture) == 0 {
		if shot := chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture)); shot != nil {
			p.t.Logf("no picture: %v", shot)
		}
	}
	kept := filepath.Join("out", "console.png")
	if err := os.MkdirAll("out", 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(kept, picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("a picture of the console is in e2e/%s", kept)
	if err != nil || !strings.Contains(text, "mlflow") {
		p.t.Errorf("the console does not show the buckets: %v\n%s", err, text)
	}
}
