package cognito

import "testing"

func TestWithoutCredentials_TakesFromAnAddressWhatLetsPeopleIn(t *testing.T) {
	for value, want := range map[string]string{
		"https://idp.example.com/saml":                              "https://idp.example.com/saml",
		"https://u:p@idp.example.com/saml?token=s#s":                "https://idp.example.com/saml",
		"https://idp.example.com:8443/a%20b?code=s":                 "https://idp.example.com:8443/a%20b",
		"https://u@idp.example.com":                                 "https://idp.example.com",
		"https://idp.example.com/?":                                 "https://idp.example.com/",
		"openid email profile":                                      "openid email profile",
		"com.example.app":                                           "com.example.app",
		"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect?binary": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect?binary",
	} {
		if got, ok := withoutCredentials(value); !ok || got != want {
			t.Errorf("%s becomes %s, %t; want %s", value, got, ok, want)
		}
	}
	for _, value := range []string{"https://u:p%zz@host/", "https://host:p:q/"} {
		if got, ok := withoutCredentials(value); ok {
			t.Errorf("%s, which can't be read, becomes %s", value, got)
		}
	}
}
