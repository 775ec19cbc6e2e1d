{{/* Service accounts of some roles, each once; takes root and roles. */}}
{{- define "authorization.accounts" -}}
{{- $accounts := list -}}
{{- range .roles -}}
{{- range get $.root.Values.authorization.roles . -}}
{{- $accounts = append $accounts (dict "serviceAccount" .serviceAccount "namespace" (default $.root.Release.Namespace .namespace)) -}}
{{- end -}}
{{- end -}}
{{- $accounts | uniq | toYaml -}}
{{- end -}}

{{/* "true" where objects of the mesh refuse callers. */}}
{{- define "authorization.byMesh" -}}
{{- if and .Values.authorization.enabled (eq .Values.authorization.by "mesh") (include "mesh.on" .) -}}true{{- end -}}
{{- end -}}

{{/* "true" where the service does: without a mesh it alone can, by its callers' certificates. */}}
{{- define "authorization.byService" -}}
{{- if and .Values.authorization.enabled (or (eq .Values.authorization.by "service") (not (include "mesh.on" .))) -}}true{{- end -}}
{{- end -}}

{{/* namespace/account,… of a role; takes root and role. */}}
{{- define "authorization.accountNames" -}}
{{- $names := list -}}
{{- range get .root.Values.authorization.roles .role -}}
{{- $names = append $names (printf "%s/%s" (default $.root.Release.Namespace .namespace) .serviceAccount) -}}
{{- end -}}
{{- join "," $names -}}
{{- end -}}

{{/* role=namespace/account,…;role=… */}}
{{- define "authorization.callerRoles" -}}
{{- $roles := list -}}
{{- range $role, $_ := .Values.authorization.roles -}}
{{- $roles = append $roles (printf "%s=%s" $role (include "authorization.accountNames" (dict "root" $ "role" $role))) -}}
{{- end -}}
{{- join ";" $roles -}}
{{- end -}}
