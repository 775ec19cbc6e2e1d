{{/* As flags, because a server that does not know them then ends, where it would ignore variables and let tenants see each other. */}}
{{- define "tenants.args" -}}
{{- with .Values.tenants -}}
{{- if .by }}
- {{ printf "--tenant=%s" .by | quote }}
{{- if eq .by "header" }}
- {{ printf "--tenant-callers=%s" (include "authorization.accountNames" (dict "root" $ "role" .callers)) | quote }}
{{- end }}
{{- if .rateLimit }}
- --tenant-rate-limit={{ .rateLimit }}
{{- end }}
{{- if .rateBurst }}
- --tenant-rate-burst={{ .rateBurst }}
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Whose accounts the flags above and those of owners name; a flag may be given once. */}}
{{- define "trustDomain.args" -}}
{{- if or (has .Values.tenants.by (list "header" "namespace")) (get (default dict .Values.owners) "overseer") }}
- {{ printf "--trust-domain=%s" .Values.mesh.trustDomain | quote }}
{{- end }}
{{- end -}}

{{- define "validate.tenants" -}}
{{- $v := .Values.tenants -}}
{{- if and (has $v.by (list "header" "namespace")) (not (include "callers.areKnown" .)) }}
- "tenants.by: no sidecar and no certificate tells the service who calls; choose istio or linkerd with mTLS, set mtls.tls or leave it out"
{{- end }}
{{- if and (eq $v.by "header") (not (get .Values.authorization.roles $v.callers)) }}
- "tenants.callers: no service account has the role {{ $v.callers }}, and of anybody else x-tenant is an invention; name a role, and list at least one account in authorization.roles"
{{- end }}
{{- if and $v.callers (ne $v.by "header") }}
- "tenants.callers: nobody reads what they say; set tenants.by: header, or leave it out"
{{- end }}
{{- if and (hasPrefix "claim:" $v.by) (not (include "jwt.byService" .)) }}
- "tenants.by: the service learns what tokens say only where it checks them, on linkerd, without a mesh and with jwt.by: service; enable jwt there, use namespace or leave it out"
{{- end }}
{{- if and (or $v.rateLimit $v.rateBurst) (not $v.by) }}
- "tenants.rateLimit: there are no tenants to limit; set tenants.by, or use rateLimit"
{{- end }}
{{- if and $v.rateBurst (not $v.rateLimit) }}
- "tenants.rateBurst: nothing limits the calls of a second; set tenants.rateLimit too"
{{- end }}
{{- $l := .Values.rateLimit -}}
{{- if and (or $l.requestsPerSecond $l.perCaller) (or (include "mesh.ambient" .) (not (include "mesh.on" .))) }}
- "rateLimit: only the proxies of istio and linkerd count what one pod is asked; choose one of them, or use tenants.rateLimit, which the service keeps itself"
{{- end }}
{{- if and $l.perCaller (eq .Values.mesh.provider "istio") }}
- "rateLimit.perCaller: Istio's proxies count all callers together; use requestsPerSecond, or tenants.rateLimit by namespace"
{{- end }}
{{- $a := .Values.authorization -}}
{{- if $a.namespaces }}
{{- if not (include "mesh.on" .) }}
- "authorization.namespaces: without a mesh nobody keeps other namespaces out; choose a mesh.provider, or say in authorization.roles who may call"
{{- end }}
{{- if and (include "mesh.on" .) (ne (include "mtls.mode" .) "strict") }}
- "authorization.namespaces: in mtls.mode: {{ include "mtls.mode" . }} callers come in without a namespace; set strict"
{{- end }}
{{- if and (include "mesh.linkerd" .) (not (include "authorization.byMesh" .)) }}
- "authorization.namespaces: Linkerd refuses callers by authorization; set authorization.enabled and by: mesh"
{{- end }}
{{- range $role, $accounts := $a.roles }}
{{- range $accounts }}
{{- if not (has (default $.Release.Namespace .namespace) $a.namespaces) }}
- "authorization.roles.{{ $role }}: {{ default $.Release.Namespace .namespace }}/{{ .serviceAccount }} may not call, because authorization.namespaces lacks its namespace; add it there or leave the account out"
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
